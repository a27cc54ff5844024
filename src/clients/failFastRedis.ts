import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { NO_CONNECTION, redisFailure } from './redisFailure.js';

type SendCommand = Parameters<Redis['sendCommand']>;

/** ioredis, but a command that finds no connection is told why there is none. */
export class FailFastRedis extends Redis {
  #trouble: Error | undefined;
  #leaving = false;

  constructor(options: RedisOptions & { readonly replyMapping?: never }) {
    super(options);
    // It counts as ready for a moment, too, after a failure that made us leave it.
    this.on('ready', () => {
      if (!this.#leaving) this.#trouble = undefined;
    });
    this.on('close', () => (this.#leaving = false));
    this.on('error', (error: Error & { readonly command?: { readonly name: string } }) => {
      // What follows from an end of the connection does not say why it ended.
      if (redisFailure(error) !== NO_CONNECTION) this.#trouble = error;
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
    if (this.#trouble === undefined || !away || handshake) return super.sendCommand(command, stream);
    command.reject(this.#trouble);
    return command.promise;
  }
}

/** ioredis' cluster, but a command that finds no node fails at once; as it comes, it waits for ever. */
export class FailFastCluster extends Cluster {
  override delayUntilReady(callback: Parameters<Cluster['delayUntilReady']>[0]): void {
    callback(new Error(NO_CONNECTION));
  }
}
