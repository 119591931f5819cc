// The other side of interoperability tests: node peer.mjs PORT CASE. Prints 'ready', then one line of JSON when done.
import assert from 'node:assert';
import { connect, headers } from '@nats-io/transport-node';
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';

const [port, name] = process.argv.slice(2);
const connection = await connect({ servers: `127.0.0.1:${port}` });
const done = async result => {
  console.log(JSON.stringify(result));
  await connection.drain();
};

// Answers what it is asked, then asks back.
const core = async () => {
  connection.subscribe('npm.echo', {
    callback: (error, message) => {
      assert.ifError(error);
      const answer = headers();
      for (const key of message.headers?.keys() ?? [])
        for (const value of message.headers.values(key)) answer.append(key, value);
      answer.set('from', 'node');
      message.respond(message.data, { headers: answer });
    },
  });
  connection.subscribe('shared.work', { queue: 'workers', callback: (_, message) => message.respond('node') });
  await connection.flush();
  console.log('ready');
  for await (const start of connection.subscribe('npm.start', { max: 1 })) start.respond();
  const asked = await Promise.all(Array.from({ length: 200 }, async (_, i) => {
    const sent = headers();
    sent.append('number', `${i}`);
    sent.append('many', 'a');
    sent.append('many', 'größe');
    const reply = await connection.request('our.echo', `question ${i}`, { headers: sent, timeout: 30000 });
    assert.equal(reply.string(), `question ${i}`);
    assert.equal(reply.headers.get('number'), `${i}`);
    assert.deepEqual(reply.headers.values('many'), ['a', 'größe']);
    return i;
  }));
  const large = new Uint8Array(900000).map((_, i) => i % 251);
  const reply = await connection.request('our.echo', large, { timeout: 30000 });
  assert.deepEqual(reply.data, large);
  await assert.rejects(connection.request('nobody.here', ''), /no responders/i);
  await done({ asked: asked.length });
};

// Reads what the other side stored, then stores for it.
const streams = async () => {
  const manager = await jetstreamManager(connection);
  const client = jetstream(connection);
  const info = await manager.streams.info('both');
  await manager.consumers.add('both', { durable_name: 'node', ack_policy: AckPolicy.Explicit });
  const consumer = await client.consumers.get('both', 'node');
  const read = [];
  for await (const message of await consumer.fetch({ max_messages: 10, expires: 20000 })) {
    read.push({ data: message.string(), id: message.headers?.get('Nats-Msg-Id'), own: message.headers?.get('own') });
    assert(await message.ackAck());
  }
  const first = await client.publish('both.node', 'node 0', { msgID: 'node-0', expect: { lastSequence: 10 } });
  const again = await client.publish('both.node', 'node 0', { msgID: 'node-0' });
  await assert.rejects(client.publish('both.node', 'x', { expect: { lastSequence: 3 } }), /wrong last sequence/);
  for (let i = 1; i < 10; i++) await client.publish('both.node', `node ${i}`, { expect: { lastSubjectSequence: 10 + i } });
  await manager.consumers.add('both', { durable_name: 'made-by-node', ack_policy: AckPolicy.Explicit, filter_subject: 'both.node' });
  await done({ stream: info.config, read, first: first.seq, duplicate: again.duplicate, duplicateOf: again.seq });
};

// Reads and changes the other side's bucket, makes one of its own, and watches both.
const buckets = async () => {
  const kvm = new Kvm(connection);
  const theirs = await kvm.open('theirs');
  const entry = await theirs.get('greeting');
  await theirs.update('greeting', 'from node', entry.revision);
  await assert.rejects(theirs.update('greeting', 'late', entry.revision));
  await assert.rejects(theirs.create('greeting', 'exists'));
  await theirs.delete('gone');
  await theirs.create('gone', 'is back');
  const own = await kvm.create('nodes-own', { history: 3 });
  await own.put('a', '1');
  await own.put('a', '2');
  await own.delete('b');
  const watch = await own.watch({ key: 'answer' });
  console.log('ready');
  const seen = [];
  for await (const change of watch) {
    seen.push({ operation: change.operation, value: change.string(), revision: change.revision });
    if (seen.length === 3) break;
  }
  await done({ read: entry.string(), seen });
};

await { core, streams, buckets }[name]();
