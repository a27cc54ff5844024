import { Cluster, Redis, type ClusterNode, type ClusterOptions, type Command, type RedisOptions } from 'ioredis';
import { CLOSED, CLOSED_TLS, LOST, NO_CONNECTION, NO_NODE, NO_TLS, redisFailure } from './redisFailure.js';

type SendCommand = Parameters<Redis['sendCommand']>;

/** Why the connection is of no use. */
interface Trouble {
  readonly error: Error;
  /** Whether it was met on a connection that was made: what such a server says outlasts that it closes the next one. */
  readonly inside: boolean;
}

/** ioredis, but a command that finds no connection fails with the reason for that. */
export class FailFastRedis extends Redis {
  /** Known until a command succeeds. */
  #trouble: Trouble | undefined;
  /** Whether anything came back since the connection was made; undefined while there is none. */
  #answered: boolean | undefined;
  /** Connections in a row that were closed before anything came back. */
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
      // ioredis would go on in database 0 where the one that was asked for can't be selected.
      if (error.command?.name !== 'select') return;
      this.#leaving = true;
      this.disconnect(true);
    });
  }

  override sendCommand(...[command, stream]: SendCommand): unknown {
    // Until it is ready, what is sent without a pipeline's stream may be the handshake itself.
    const handshake = this.status === 'connect' && stream === undefined;
    const away = this.#leaving || !['ready', 'wait', 'end'].includes(this.status);
    if (this.#trouble === undefined || !away || handshake) {
      if (this.#trouble !== undefined || this.#answered === false) this.#learnFrom(command);
      return super.sendCommand(command, stream);
    }
    command.reject(this.#trouble.error);
    return command.promise;
  }

  /** A reply shows whether the connection is of use; that none comes is explained. */
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
      // What follows from an end of the connection does not say why it ended.
      if (this.#answered === false) this.#trouble = this.#unanswered();
    } else if (this.options.tls !== undefined && error.message.includes('ETIMEDOUT')) {
      this.#trouble = { error: new Error(NO_TLS), inside };
    } else this.#trouble = { error, inside };
  }

  /** Why a command was lost with its connection, as far as that is known. */
  #known(): Error | undefined {
    if (this.#trouble?.inside === true) return this.#trouble.error;
    return this.#answered === false ? this.#unanswered().error : undefined;
  }

  /** Why a connection is closed on which nothing came back. */
  #unanswered(): Trouble {
    if (this.#trouble?.inside === true) return this.#trouble;
    const closed = this.options.tls === undefined ? CLOSED : CLOSED_TLS;
    // One alone may have met no more than a server that was ended just then.
    return { error: new Error(this.#closed === 0 ? LOST : closed), inside: false };
  }
}

function isVague(error: unknown): boolean {
  return [NO_CONNECTION, LOST].includes(redisFailure(error));
}

/**
 * ioredis listens to the first error of a socket alone. Where TLS is refused after the handshake there is a second one,
 * which would end the process.
 */
function takeAllErrors(redis: Redis): void {
  redis.on('connect', () => redis.stream.on('error', () => undefined));
}

/** ioredis would find "no password is set" in it, say on the console that none is wanted, and go on without. */
function refused(error: unknown): never {
  if (error instanceof Error && error.message.startsWith('DENIED')) error.message = 'DENIED';
  throw error;
}

/** ioredis' cluster, but a command that finds no node fails at once; as it comes, it waits for ever. */
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
