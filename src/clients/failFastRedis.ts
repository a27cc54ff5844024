import { Cluster, Redis, type ClusterNode, type ClusterOptions, type Command, type RedisOptions } from 'ioredis';
import {
  CLOSED_UNANSWERED,
  CLOSED_UNANSWERED_TLS,
  CONNECTION_LOST,
  NO_CONNECTION,
  NO_NODE,
  NO_TLS,
  redisFailure,
} from './redisFailure.js';

type SendCommand = Parameters<Redis['sendCommand']>;

/** What ioredis sends by itself before the connection is ready. */
const HANDSHAKE: ReadonlySet<string> = new Set(['auth', 'hello', 'select', 'client', 'readonly', 'info']);

/** The reason why the connection is unusable. */
interface ConnectionFault {
  readonly error: Error;
  /**
   * Whether it occurred on an established connection. Such an error of the server remains the cause, even if the
   * server then closes the next connection.
   */
  readonly established: boolean;
}

/** ioredis, but a command without a connection fails with the reason for that. */
export class FailFastRedis extends Redis {
  /** Kept until a command succeeds. */
  #fault: ConnectionFault | undefined;
  /** Whether any data was received since the connection was made; undefined without a connection. */
  #answered: boolean | undefined;
  /** The number of connections in a row that were closed before any data was received. */
  #closedUnanswered = 0;
  #disconnecting = false;

  constructor(options: RedisOptions & { readonly replyMapping?: never }) {
    super(options);
    const auth = this.auth.bind(this) as (...words: unknown[]) => Promise<'OK'>;
    this.auth = (...words: unknown[]) => auth(...words).catch(refused);
    const { reconnectOnError } = options;
    this.options.reconnectOnError = (error) => {
      const reconnect = reconnectOnError?.(error) ?? false;
      if (reconnect !== false) this.#fault = { error, established: true };
      return reconnect;
    };
    this.on('connect', () => (this.#answered = false));
    ignoreFurtherErrors(this);
    this.on('close', () => {
      if (this.#answered === false) {
        this.#fault = this.#unansweredFault();
        this.#closedUnanswered += 1;
      }
      this.#answered = undefined;
      this.#disconnecting = false;
    });
    this.on('error', (error: Error & { readonly command?: { readonly name: string } }) => {
      this.#recordError(error);
      // If the requested database cannot be selected, ioredis would continue in database 0.
      if (error.command?.name !== 'select') return;
      this.#disconnecting = true;
      this.disconnect(true);
    });
  }

  override sendCommand(...[command, stream]: SendCommand): unknown {
    const handshake = this.status === 'connect' && HANDSHAKE.has(command.name);
    const away = this.#disconnecting || !['ready', 'wait', 'end'].includes(this.status);
    if (this.#fault === undefined || !away || handshake) {
      if (this.#fault !== undefined || this.#answered === false) this.#trackReply(command);
      return super.sendCommand(command, stream);
    }
    command.reject(this.#fault.error);
    return command.promise;
  }

  /**
   * Tracks the outcome of a command: a reply shows that the connection works, and a lost command gets its known
   * cause.
   */
  #trackReply(command: Command): void {
    const { resolve, reject } = command;
    const answered = (): void => {
      if (this.#answered === false) this.#answered = true;
      this.#closedUnanswered = 0;
    };
    command.resolve = (reply) => {
      answered();
      this.#fault = undefined;
      resolve(reply);
    };
    command.reject = (error) => {
      if (error.name === 'ReplyError') {
        answered();
        this.#fault = { error, established: true };
        reject(error);
      } else {
        reject(isVague(error) ? (this.#knownCause() ?? error) : error);
      }
    };
  }

  #recordError(error: Error): void {
    const established = this.#answered !== undefined;
    if (isVague(error)) {
      // An error that only follows from a closed connection does not show the cause.
      if (this.#answered === false) this.#fault = this.#unansweredFault();
    } else if (this.options.tls !== undefined && error.message.includes('ETIMEDOUT')) {
      this.#fault = { error: new Error(NO_TLS), established };
    } else this.#fault = { error, established };
  }

  /** The known cause of the loss of a command, if any. */
  #knownCause(): Error | undefined {
    if (this.#fault?.established === true) return this.#fault.error;
    return this.#answered === false ? this.#unansweredFault().error : undefined;
  }

  /** The cause of a connection that was closed without any data. */
  #unansweredFault(): ConnectionFault {
    if (this.#fault?.established === true) return this.#fault;
    const closed = this.options.tls === undefined ? CLOSED_UNANSWERED : CLOSED_UNANSWERED_TLS;
    // A single case may only be a server that was shutting down.
    return { error: new Error(this.#closedUnanswered === 0 ? CONNECTION_LOST : closed), established: false };
  }
}

function isVague(error: unknown): boolean {
  return [NO_CONNECTION, CONNECTION_LOST].includes(redisFailure(error));
}

/**
 * ioredis handles only the first error of a socket. A TLS refusal after the handshake causes a second one, which
 * would end the process.
 */
function ignoreFurtherErrors(redis: Redis): void {
  redis.on('connect', () => redis.stream.on('error', () => undefined));
}

/**
 * ioredis would find "no password is set" in the message, print a warning to the console, and continue without a
 * password.
 */
function refused(error: unknown): never {
  if (error instanceof Error && error.message.startsWith('DENIED')) error.message = 'DENIED';
  throw error;
}

/** The cluster of ioredis, but a command without a node fails at once. Unmodified, it waits forever. */
export class FailFastCluster extends Cluster {
  #fault: Error | undefined;

  constructor(
    nodes: ClusterNode[],
    options: ClusterOptions & { readonly redisOptions: { readonly replyMapping?: never } },
  ) {
    super(nodes, options);
    this.on('+node', ignoreFurtherErrors);
    this.on('error', (error: Error) => (this.#fault = redisFailure(error) === NO_CONNECTION ? undefined : error));
    this.on('ready', () => (this.#fault = undefined));
  }

  override delayUntilReady(callback: Parameters<Cluster['delayUntilReady']>[0]): void {
    callback(this.#fault ?? new Error(NO_NODE));
  }
}
