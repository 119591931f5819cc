# Part of ./rag: installs the libraries that `./rag bench ann --peers LIST` names. What cannot be installed is left to
# the benchmark, which says so and goes on without it.

# install_peers ARGUMENT...: all arguments of the command line.
install_peers() {
  local list="" missing=()
  while [ $# -gt 0 ]; do
    case "$1" in
      --peers) list=${2:-} ;;
      --peers=*) list=${1#--peers=} ;;
    esac
    shift
  done
  [ -n "$list" ] || return 0
  if peer_named hnswlib || peer_named faiss; then
    command -v g++ >/dev/null || missing+=(g++)
  fi
  if peer_named hnswlib && [ ! -e /usr/include/hnswlib/hnswlib.h ]; then missing+=(libhnswlib-dev); fi
  if peer_named faiss && [ ! -e /usr/include/faiss/IndexHNSW.h ]; then missing+=(libfaiss-dev); fi
  debian_install "libraries to compare with" "${missing[@]}"
  if peer_named usearch || peer_named zvec; then
    npm_install "$root/bench/peers" || say "rag: the comparison goes on without npm packages."
  fi
}

peer_named() {
  [[ ",${list// /}," == *",$1,"* || ",${list// /}," == *,all,* ]]
}
