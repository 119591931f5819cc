// A caller that publishes documents to NATS as docs/ingestion.md says: node publish.mjs PORT WORKSPACE.
// Prints one line of JSON: the answers, by document.
import { connect, createInbox, headers } from '@nats-io/transport-node';
import { jetstream } from '@nats-io/jetstream';

const [port, workspace] = process.argv.slice(2);
const connection = await connect({ servers: `127.0.0.1:${port}` });
const inbox = createInbox();
const answers = connection.subscribe(`${inbox}.*`, { max: 4 });
const stream = jetstream(connection);

const publish = async (target, id, text, extra = {}) => {
  const sent = headers();
  sent.set('Rag-Document-Id', id);
  sent.set('Content-Type', 'text/markdown');
  sent.set('Rag-Reply', `${inbox}.${id}`);
  for (const [key, value] of Object.entries(extra)) sent.set(key, value);
  return stream.publish(`rag.main.ingest.${target}`, text, { msgID: `${id}-1`, headers: sent });
};

await publish(workspace, 'trains', '# Trains\n\nBook the train to Ljubljana early.', { 'Rag-Priority': 'high' });
await publish(workspace, 'boats', '# Boats\n\nThe boat to Ålesund leaves at noon.', { 'Rag-Metadata': '{"year": 2024}' });
const again = await publish(workspace, 'boats', '# Boats\n\nThe boat to Ålesund leaves at noon.');
await publish('nowhere', 'lost', 'Text.');
await publish(workspace, 'wrong', 'Text.', { 'Rag-Priority': 'at once' });

const result = { duplicate: again.duplicate };
for await (const answer of answers)
  result[answer.subject.slice(inbox.length + 1)] = { status: answer.headers.get('Rag-Status'), body: answer.json() };
console.log(JSON.stringify(result));
await connection.close();
