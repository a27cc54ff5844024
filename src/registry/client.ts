/** The Redis client interface that the registry needs. `Redis` and `Cluster` of ioredis implement it. */
export interface RegistryRedis {
  call(command: string, ...args: (string | number)[]): Promise<unknown>;
  /** Opens a separate connection, for a blocking command. */
  duplicate(): WaitingRedis;
}

export interface WaitingRedis {
  call(command: string, ...args: (string | number)[]): Promise<unknown>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  disconnect(): void;
}
