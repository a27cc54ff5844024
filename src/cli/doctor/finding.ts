/** The result of a check. */
export interface Finding {
  /** The name of the check. */
  readonly check: string;
  readonly result: 'ok' | 'warning' | 'error';
  readonly text: string;
  /** The remedy; empty if none is needed. */
  readonly advice: string;
}

export type Check = () => Promise<readonly Finding[]>;

const TIMEOUT_MS = 10_000;

export function ok(check: string, text: string): Finding {
  return { check, result: 'ok', text, advice: '' };
}

export function warning(check: string, text: string, advice: string): Finding {
  return { check, result: 'warning', text, advice };
}

export function fault(check: string, text: string, advice: string): Finding {
  return { check, result: 'error', text, advice };
}

/** The result of a check, or a finding that it failed or took too long. Never rejects. */
export async function bounded(
  name: string,
  check: Check,
  explain: (error: unknown) => string,
  withinMs = TIMEOUT_MS,
): Promise<readonly Finding[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly Finding[]>((resolve) => {
    timer = setTimeout(() => {
      const text = `no result within ${withinMs / 1_000} s`;
      resolve([warning(name, text, 'try again; where it stays so, look at what is asked there')]);
    }, withinMs);
  });
  try {
    return await Promise.race([check(), late]);
  } catch (error) {
    const reason = explain(error);
    const advice = 'see to that first, and try again';
    // The daemon does not need this permission; only the doctor does.
    if (reason.includes('lacks a permission')) return [warning(name, `it could not be found out: ${reason}`, advice)];
    return [fault(name, `it could not be found out: ${reason}`, advice)];
  } finally {
    clearTimeout(timer);
  }
}
