/** What the registry needs of a client of Redis: ioredis' `Redis` and `Cluster` are such. */
export interface RegistryRedis {
  call(command: string, ...args: (string | number)[]): Promise<unknown>;
  /** A connection of its own, for a command that waits. */
  duplicate(): WaitingRedis;
}

export interface WaitingRedis {
  call(command: string, ...args: (string | number)[]): Promise<unknown>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  disconnect(): void;
}
