import { Cluster, Redis, type ClusterNode, type ClusterOptions, type Command, type RedisOptions } from 'ioredis';
import { CLOSED, CLOSED_TLS, LOST, NO_CONNECTION, NO_NODE, NO_TLS, redisFailure } from './redisFailure.js';

type SendCommand = Parameters<Redis['sendCommand']>;

/** The reason why the connection is unusable. */
interface Trouble {
  readonly error: Error;
  /**
   * Whether it occurred on an established connection. Such an error of the server remains the cause, even if the
   * server then closes the next connection.
   */
  readonly inside: boolean;
}

/** ioredis, but a command without a connection fails with the reason for that. */
export class FailFastRedis extends Redis {
  /** Kept until a command succeeds. */
  #trouble: Trouble | undefined;
  /** Whether any data was received since the connection was made; undefined without a connection. */
  #answered: boolean | undefined;
  /** The number of connections in a row that were closed before any data was received. */
  #closed = 0;
  #leaving = false;

  constructor(options: RedisOptions & { readonly replyMapping?: never }) {
    super(options);
    const auth = this.auth.bind(this) as (...words: unknown[]) => Promise<'OK'>;
    this.auth = (...words: unknown[]) => auth(...words).catch(refused);
    const { reconnectOnError } = options;
    this.options.reconnectOnError = (error) => {
      const leave = reconnectOnError?.(error) ?? false;
      if (leave !== false) this.#trouble = { error, inside: true };
      return leave;
    };
    this.on('connect', () => (this.#answered = false));
    takeAllErrors(this);
    this.on('close', () => {
      if (this.#answered === false) {
        this.#trouble = this.#unanswered();
        this.#closed += 1;
      }
      this.#answered = undefined;
      this.#leaving = false;
    });
    this.on('error', (error: Error & { readonly command?: { readonly name: string } }) => {
      this.#explain(error);
      // If the requested database cannot be selected, ioredis would continue in database 0.
      if (error.command?.name !== 'select') return;
      this.#leaving = true;
      this.disconnect(true);
    });
  }

  override sendCommand(...[command, stream]: SendCommand): unknown {
    // Before the connection is ready, a command without the stream of a pipeline may be part of the handshake.
    const handshake = this.status === 'connect' && stream === undefined;
    const away = this.#leaving || !['ready', 'wait', 'end'].includes(this.status);
    if (this.#trouble === undefined || !away || handshake) {
      if (this.#trouble !== undefined || this.#answered === false) this.#learnFrom(command);
      return super.sendCommand(command, stream);
    }
    command.reject(this.#trouble.error);
    return command.promise;
  }

  /**
   * Tracks the outcome of a command: a reply shows that the connection works, and a lost command gets its known
   * cause.
   */
  #learnFrom(command: Command): void {
    const { resolve, reject } = command;
    const answered = (): void => {
      if (this.#answered === false) this.#answered = true;
      this.#closed = 0;
    };
    command.resolve = (reply) => {
      answered();
      this.#trouble = undefined;
      resolve(reply);
    };
    command.reject = (error) => {
      if (error.name === 'ReplyError') {
        answered();
        this.#trouble = { error, inside: true };
        reject(error);
      } else {
        reject(isVague(error) ? (this.#known() ?? error) : error);
      }
    };
  }

  #explain(error: Error): void {
    const inside = this.#answered !== undefined;
    if (isVague(error)) {
      // An error that only follows from a closed connection does not show the cause.
      if (this.#answered === false) this.#trouble = this.#unanswered();
    } else if (this.options.tls !== undefined && error.message.includes('ETIMEDOUT')) {
      this.#trouble = { error: new Error(NO_TLS), inside };
    } else this.#trouble = { error, inside };
  }

  /** The known cause of the loss of a command, if any. */
  #known(): Error | undefined {
    if (this.#trouble?.inside === true) return this.#trouble.error;
    return this.#answered === false ? this.#unanswered().error : undefined;
  }

  /** The cause of a connection that was closed without any data. */
  #unanswered(): Trouble {
    if (this.#trouble?.inside === true) return this.#trouble;
    const closed = this.options.tls === undefined ? CLOSED : CLOSED_TLS;
    // A single case may only be a server that was shutting down.
    return { error: new Error(this.#closed === 0 ? LOST : closed), inside: false };
  }
}

function isVague(error: unknown): boolean {
  return [NO_CONNECTION, LOST].includes(redisFailure(error));
}

/**
 * ioredis handles only the first error of a socket. A TLS refusal after the handshake causes a second one, which
 * would end the process.
 */
function takeAllErrors(redis: Redis): void {
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
  #trouble: Error | undefined;

  constructor(
    nodes: ClusterNode[],
    options: ClusterOptions & { readonly redisOptions: { readonly replyMapping?: never } },
  ) {
    super(nodes, options);
    this.on('+node', takeAllErrors);
    this.on('error', (error: Error) => (this.#trouble = redisFailure(error) === NO_CONNECTION ? undefined : error));
    this.on('ready', () => (this.#trouble = undefined));
  }

  override delayUntilReady(callback: Parameters<Cluster['delayUntilReady']>[0]): void {
    callback(this.#trouble ?? new Error(NO_NODE));
  }
}
