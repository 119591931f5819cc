# Part of ./rag: `./rag load peers`. Installs what is compared with, builds this product, and drives one after the other.

run_peers() {
  build rag src/Cli/Rag.Cli.csproj src protos models
  npm_install "$root/load/peers" || die "the peers' packages cannot be installed; see above."
  RAG_PROGRAM=$program exec node "$root/load/peers/main.mjs" "$@"
}
