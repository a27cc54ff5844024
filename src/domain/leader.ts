/** The holder of the registry, with the details that are known. */
export interface Holder {
  /** The value of the lease: the instance and its term. */
  readonly token: string;
  readonly instance: string;
  readonly uuid: string | undefined;
  readonly host: string | undefined;
  readonly pid: number | undefined;
  /** Unix milliseconds. */
  readonly since: number | undefined;
  /** Whether it shares the registry with other replicas. */
  readonly shares: boolean;
}

/** Identifies a process on its host. */
export interface ProcessIdentity {
  /** Changes with each boot of the host. */
  readonly boot: string;
  /** The namespace of the process id. */
  readonly pidNamespace: string;
  readonly pid: number;
  /** The start time of the process, in ticks since boot. */
  readonly started: string;
}

/** Replaces the token in scripts while no lease is held. No lease ever equals it. */
export const NO_TOKEN = '-';

/** The parts of `<instance>:<term>`; undefined for any other text. */
export function readToken(token: string): { readonly instance: string; readonly term: number } | undefined {
  const [, instance, term] = /^(.*):(\d{1,15})$/s.exec(token) ?? [];
  return instance === undefined || term === undefined ? undefined : { instance, term: Number(term) };
}
