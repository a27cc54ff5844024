import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { failureOf, type Failure } from '../domain/call/failure.js';

interface RequestQueue {
  addRequest(request: ClientRequest, options: unknown): void;
}

/** The error for an unexpected 101: the peer has switched to another protocol, so no other answer will follow. */
const SWITCHED = Object.assign(new Error('switched protocols'), { code: 'SWITCHED_PROTOCOLS' });

/**
 * An agent that reports each error of its requests, because node-fetch drops some. After the headers node-fetch
 * reports no error, and if a body is longer than its headers say, it returns an empty body as if it were complete.
 * After a 101 it waits forever.
 */
export function withErrorReports(agent: Agent, onError: (error: Error) => void): Agent {
  const queue = agent as Agent & RequestQueue;
  const addRequest: RequestQueue['addRequest'] = (request, options) => {
    request.once('error', onError);
    request.once('upgrade', (_: IncomingMessage, socket: Duplex) => {
      socket.destroy();
      // Node has already detached the socket from the request, so destroying it causes no error.
      request.emit('error', SWITCHED);
    });
    // Node treats a 101 without an upgrade target as an interim response.
    request.on('information', ({ statusCode }) => {
      if (statusCode === 101) request.destroy(SWITCHED);
    });
    queue.addRequest(request, options);
  };
  return Object.assign(Object.create(agent) as Agent, { addRequest });
}

/** The cause of a failed exchange. A body that ended early may have ended because the following data was invalid. */
export function failureBehind(error: unknown, reported: Error | undefined): Failure {
  const failure = failureOf(error);
  return failure.reason === 'reset' && reported !== undefined ? failureOf(reported) : failure;
}
