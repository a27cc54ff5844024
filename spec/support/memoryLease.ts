import type { CandidacyOptions } from '#src/leader/candidacy.js';
import type { Beat, FoundHolder } from '#src/leader/redisLease.js';

/** What a candidate asks of the lease. */
export type Lease = CandidacyOptions['lease'];

/** The lease of a registry in memory, under the clock of the spec, for as many candidates as it likes. */
export class MemoryLease {
  /** What the lease holds: a token, or the mark of an orderly end. */
  token: string | undefined;
  endsAt = 0;
  /** What every beat rejects with, until it is undefined. */
  failure: Error | undefined;
  /** Whether reading is answered while a beat fails. */
  readable = true;
  /** The time until an answer, in milliseconds. */
  delayMs = 0;
  beats = 0;
  readonly #names = new Map<string, Partial<FoundHolder>>();

  constructor(
    private readonly now: () => number,
    private readonly leaseMs: number,
  ) {}

  /** The value of the key now. */
  get held(): string | undefined {
    if (this.now() >= this.endsAt) this.token = undefined;
    return this.token;
  }

  /** Somebody who is no candidate of ours holds it from now on. */
  hold(token: string, who: Partial<FoundHolder> = {}, leaseMs = this.leaseMs): void {
    this.#names.set(instanceOf(token), who);
    this.token = token;
    this.endsAt = this.now() + leaseMs;
  }

  /** Redis loses its data. */
  empty(): void {
    this.token = undefined;
  }

  of(instance: string, who: Partial<FoundHolder> = {}): Lease {
    this.#names.set(instance, who);
    return {
      beat: (options) => this.#answer(() => this.#beat(instance, options)),
      current: () => (this.readable ? Promise.resolve(this.#current()) : Promise.reject(new Error('NOPERM'))),
      holder: (token) => Promise.resolve(this.#holder(token)),
      release: (token) =>
        this.#answer(() => {
          if (this.held !== token) return;
          this.token = token.slice(token.lastIndexOf(':'));
          this.endsAt = Infinity;
        }),
    };
  }

  async #answer<T>(step: () => T): Promise<T> {
    if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
    return this.failure === undefined ? Promise.resolve(step()) : Promise.reject(this.failure);
  }

  #beat(instance: string, { mayTake, takeMissing, gone, lastTerm }: Parameters<Lease['beat']>[0]): Beat {
    this.beats += 1;
    const { held } = this;
    const isMine = held !== undefined && instanceOf(held) === instance;
    const isFree = mayTake && (held === undefined ? takeMissing : held.startsWith(':') || held === gone);
    if (!isMine && !isFree) {
      return held === undefined || held.startsWith(':')
        ? { kind: 'missing' }
        : { kind: 'other', token: held, leftMs: this.endsAt - this.now() };
    }
    const term = Math.max(termOf(held) + 1, lastTerm + 1, Math.floor(this.now() / 1_000));
    const token = isMine ? held : `${instance}:${String(term)}`;
    this.token = token;
    this.endsAt = this.now() + this.leaseMs;
    return { kind: 'held', token, taken: !isMine };
  }

  #current(): string | undefined {
    return this.held?.startsWith(':') === true ? undefined : this.held;
  }

  #holder(token: string): FoundHolder {
    const instance = instanceOf(token);
    return {
      ...{
        token,
        instance,
        uuid: undefined,
        host: undefined,
        pid: undefined,
        since: undefined,
        shares: false,
        identity: undefined,
      },
      ...this.#names.get(instance),
    };
  }
}

function instanceOf(token: string): string {
  return token.slice(0, token.lastIndexOf(':'));
}

function termOf(token = ''): number {
  return Number(token.slice(token.lastIndexOf(':') + 1));
}
