import { Subject, type Observable } from 'rxjs';
import { NO_TOKEN, readToken } from '../domain/leader.js';

/** Whether this process works on the registry, and under which token. */
export class Leadership {
  #leads = false;
  #standsBy = false;
  #token: string | undefined;
  #lastTerm = 0;
  #validUntil = -Infinity;
  readonly #refused$ = new Subject<void>();

  /** How often a write was refused for its token, by what was to be written. */
  readonly fenced = new Map<string, number>();

  /** False while another one works, and before anybody could be asked. */
  get leads(): boolean {
    return this.#leads;
  }

  /** True once another one was found to work, until we do. */
  get standsBy(): boolean {
    return this.#standsBy;
  }

  /** The highest term that this process has held or seen; 0 before the first. */
  get lastTerm(): number {
    return this.#lastTerm;
  }

  /** The term of the lease, undefined where there is none. */
  get term(): number | undefined {
    return this.#token === undefined ? undefined : readToken(this.#token)?.term;
  }

  get token(): string | undefined {
    return this.#token;
  }

  /** What a script that writes is fenced with: the token, or what no lease ever equals. */
  readonly fence = {
    token: (): string => this.#token ?? NO_TOKEN,
    refused: (what: string): void => {
      this.fenced.set(what, (this.fenced.get(what) ?? 0) + 1);
      this.#refused$.next();
    },
  };

  /** Whether the lease holds by our own clock (a steady one, in milliseconds). */
  isValid(now: number): boolean {
    return this.#token !== undefined && now < this.#validUntil;
  }

  /** We hold the lease until then. */
  hold(token: string, validUntil: number): void {
    this.#leads = true;
    this.#standsBy = false;
    this.#token = token;
    this.#validUntil = validUntil;
    this.see(token);
  }

  /** This token stands in the lease: a term of ours has to be higher. */
  see(token: string): void {
    this.#lastTerm = Math.max(this.#lastTerm, readToken(token)?.term ?? 0);
  }

  /** Redis lets nobody take the lease: we work, and what writes has to wait. */
  workWithout(): void {
    this.#leads = true;
    this.#standsBy = false;
    this.#token = undefined;
  }

  /** Another one holds it. */
  lose(): void {
    this.#leads = false;
    this.#standsBy = true;
    this.#token = undefined;
  }

  /** Fires when a write was refused for its token, so that the lease is looked at now. */
  get refused$(): Observable<void> {
    return this.#refused$;
  }
}
