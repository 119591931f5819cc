// The server in Chroma's npm package, as its own command line starts it: FOLDER PORT.
const [folder, port] = process.argv.slice(2);
require("chromadb-js-bindings-linux-x64-gnu").cli(["chroma", "run", "--path", folder, "--host", "127.0.0.1", "--port", port]);
