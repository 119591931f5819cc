// npm's NATS client, measured: node bench.mjs PORT publish|receive SUBJECT MESSAGES BYTES. Prints messages a second.
import { connect } from '@nats-io/transport-node';

const [port, role, subject, count, bytes] = process.argv.slice(2);
const total = Number(count);
const connection = await connect({ servers: `127.0.0.1:${port}` });
const report = start => console.log(`rate ${Math.round(total / ((performance.now() - start) / 1000))}`);

if (role === 'publish') {
  const payload = new Uint8Array(Number(bytes)).fill(120);
  const start = performance.now();
  for (let i = 1; i <= total; i++) {
    connection.publish(subject, payload);
    // Lets the socket write, and keeps what is buffered small.
    if (i % 5000 === 0) await connection.flush();
  }
  await connection.flush();
  report(start);
  await connection.close();
} else {
  let received = 0;
  let start = 0;
  connection.subscribe(subject, {
    callback: () => {
      if (received++ === 0) start = performance.now();
      if (received === total) {
        report(start);
        connection.close();
      }
    },
  });
  await connection.flush();
  console.log('ready');
}
