// A network that fails in chosen ways: a TCP proxy that breaks its first connections.
//
// Each fault in the list spoils one connection, in the order in which connections come; when the
// list is used up, the proxy only passes bytes on.

import {once} from 'node:events';
import {connect, createServer} from 'node:net';

/** Bytes pass in both directions. */
export const NONE = 'none';
/** The request never reaches the server. */
export const LOST_REQUEST = 'lost request';
/** The server answers, and the connection breaks before the client hears it. */
export const LOST_ANSWER = 'lost answer';
/** The client hears the first half of the answer. */
export const CUT_ANSWER = 'cut answer';

/** Starts a proxy in front of a port of this machine, for the length of one test. */
export async function flakyProxy(test, port, faults) {
  const waiting = [...faults];
  const proxy = {connections: 0, port: 0};
  const listener = createServer((client) => {
    proxy.connections += 1;
    carry(client, port, waiting.shift() ?? NONE);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  proxy.port = listener.address().port;
  test.after(() => listener.close());
  return proxy;
}

function carry(client, port, fault) {
  const server = connect(port, '127.0.0.1');
  const close = () => {
    client.destroy();
    server.destroy();
  };
  for (const end of [client, server]) end.on('error', close).on('close', close);
  if (fault === LOST_REQUEST) {
    client.once('data', close);
    return;
  }
  client.on('data', (request) => server.write(request));
  server.on('data', (answer) => {
    // The server speaks only after it has executed the request.
    if (fault === LOST_ANSWER) return close();
    if (fault !== CUT_ANSWER) return client.write(answer);
    client.end(answer.subarray(0, answer.length / 2), close);
  });
}
