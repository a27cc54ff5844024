/** The holder of the registry, as far as the lease says so. */
export interface Holder {
  /** As the lease has it: the instance and its term. */
  readonly token: string;
  readonly instance: string;
  readonly uuid: string | undefined;
  readonly host: string | undefined;
  readonly pid: number | undefined;
  /** Unix milliseconds. */
  readonly since: number | undefined;
  /** Whether it shares the registry with others that are set to do so. */
  readonly shares: boolean;
}

/** What identifies a process on its host; undefined where the system does not say. */
export interface ProcessIdentity {
  /** Differs with each start of the host. */
  readonly boot: string;
  /** The namespace in which the process id counts. */
  readonly pidNamespace: string;
  readonly pid: number;
  /** When the process started, in ticks since the start of the host. */
  readonly started: string;
}

/** What stands in scripts for the token of a process that holds nothing: no lease ever equals it. */
export const NO_TOKEN = '-';

/** `<instance>:<term>` in its parts; undefined for anything else. */
export function readToken(token: string): { readonly instance: string; readonly term: number } | undefined {
  const [, instance, term] = /^(.*):(\d{1,15})$/s.exec(token) ?? [];
  return instance === undefined || term === undefined ? undefined : { instance, term: Number(term) };
}
