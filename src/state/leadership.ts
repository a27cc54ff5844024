import { Subject, type Observable } from 'rxjs';
import { NO_TOKEN, readToken } from '../domain/leader.js';

/** Whether this process works on the registry, and with which lease token. */
export class Leadership {
  #leads = false;
  #standsBy = false;
  #token: string | undefined;
  #lastTerm = 0;
  #validUntil = -Infinity;
  readonly #refused$ = new Subject<void>();

  /** The number of writes that were refused because of their token, by the kind of write. */
  readonly fenced = new Map<string, number>();

  /** False while another scheduler leads, and before the first answer about the lease. */
  get leads(): boolean {
    return this.#leads;
  }

  /** True from the moment when another scheduler is found to lead, until this process leads. */
  get standsBy(): boolean {
    return this.#standsBy;
  }

  /** The highest term that may have been used, as far as this process knows, or 0 before the first one. */
  get lastTerm(): number {
    return this.#lastTerm;
  }

  /** The term of the lease, or undefined if this process holds no lease. */
  get term(): number | undefined {
    return this.#token === undefined ? undefined : readToken(this.#token)?.term;
  }

  get token(): string | undefined {
    return this.#token;
  }

  /** The fence of each script that writes: the token, or a value that no lease ever equals. */
  readonly fence = {
    token: (): string => this.#token ?? NO_TOKEN,
    refused: (what: string): void => {
      this.fenced.set(what, (this.fenced.get(what) ?? 0) + 1);
      this.#refused$.next();
    },
  };

  /** Whether the lease is valid by our own steady clock, in milliseconds. */
  isValid(now: number): boolean {
    return this.#token !== undefined && now < this.#validUntil;
  }

  /** Records that this process holds the lease until `validUntil`. */
  hold(token: string, validUntil: number): void {
    this.#leads = true;
    this.#standsBy = false;
    this.#token = token;
    this.#validUntil = validUntil;
    this.observe(token);
  }

  /** Notes a token that was read from the lease, because our next term has to be higher. */
  observe(token: string): void {
    this.#lastTerm = Math.max(this.#lastTerm, readToken(token)?.term ?? 0);
  }

  /** Leaves out one term, because another process may have used it unobserved. */
  skipTerm(): void {
    this.#lastTerm += 1;
  }

  /** Works without a lease, because Redis refuses to grant one to any process. Fenced writes have to wait. */
  workWithoutLease(): void {
    this.#leads = true;
    this.#standsBy = false;
    this.#token = undefined;
  }

  /** Records that another process holds the lease. */
  lose(): void {
    this.#leads = false;
    this.#standsBy = true;
    this.#token = undefined;
  }

  /** Fires when a write was refused because of its token, so that the lease is read at once. */
  get refused$(): Observable<void> {
    return this.#refused$;
  }
}
