import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { failureOf, type Failure } from '../domain/call/failure.js';

interface RequestQueue {
  addRequest(request: ClientRequest, options: unknown): void;
}

/** A 101 that nobody asked for: the peer speaks another protocol from here on, so there will be no other answer. */
const SWITCHED = Object.assign(new Error('switched protocols'), { code: 'SWITCHED_PROTOCOLS' });

/**
 * An agent that passes on each error of its requests, since node-fetch drops some. Once there is an answer, node-fetch
 * reports no error, and where a body is longer than its headers say, it returns an empty one as if that was what came.
 * After a 101 it waits for ever.
 */
export function overheard(agent: Agent, tell: (error: Error) => void): Agent {
  const queue = agent as Agent & RequestQueue;
  const addRequest: RequestQueue['addRequest'] = (request, options) => {
    request.once('error', tell);
    request.once('upgrade', (_: IncomingMessage, socket: Duplex) => {
      socket.destroy();
      // Node has taken the socket from the request by now, so that destroying that one tells nobody.
      request.emit('error', SWITCHED);
    });
    // To Node a 101 that does not say to what it switches is one of the answers before the answer.
    request.on('information', ({ statusCode }) => {
      if (statusCode === 101) request.destroy(SWITCHED);
    });
    queue.addRequest(request, options);
  };
  return Object.assign(Object.create(agent) as Agent, { addRequest });
}

/** Why the exchange failed: a body that ended early may have done so because what came next was not valid. */
export function failureBehind(error: unknown, overheard: Error | undefined): Failure {
  const failure = failureOf(error);
  return failure.reason === 'reset' && overheard !== undefined ? failureOf(overheard) : failure;
}
