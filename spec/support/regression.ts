/** A straight line through measurements. */
export interface Trend {
  readonly mean: number;
  /** Change of y for each unit of x. */
  readonly slope: number;
  /** Half the width of the slope's 95% confidence interval. */
  readonly margin: number;
}

/**
 * The least-squares line through the points, at least three, under the usual assumption that what deviates from it is
 * independent.
 */
export function trend(points: readonly (readonly [x: number, y: number])[]): Trend {
  const n = points.length;
  if (n < 3) throw new Error(`a trend needs three points, not ${n}`);
  const meanOf = (axis: 0 | 1): number => points.reduce((sum, point) => sum + point[axis], 0) / n;
  const [x0, y0] = [meanOf(0), meanOf(1)];
  const sxx = points.reduce((sum, [x]) => sum + (x - x0) ** 2, 0);
  const slope = points.reduce((sum, [x, y]) => sum + (x - x0) * (y - y0), 0) / sxx;
  const residual = points.reduce((sum, [x, y]) => sum + (y - y0 - slope * (x - x0)) ** 2, 0);
  return { mean: y0, slope, margin: student95(n - 2) * Math.sqrt(residual / (n - 2) / sxx) };
}

/** The points in groups of the same size, in order, each one its mean: neighbours in time are not independent. */
export function inGroups(points: readonly (readonly [number, number])[], groups: number): readonly [number, number][] {
  const size = Math.max(1, Math.floor(points.length / groups));
  return Array.from({ length: Math.floor(points.length / size) }, (_, i) => {
    const group = points.slice(i * size, (i + 1) * size);
    const meanOf = (axis: 0 | 1): number => group.reduce((sum, point) => sum + point[axis], 0) / size;
    return [meanOf(0), meanOf(1)];
  });
}

/** The two-sided 95% quantile of Student's t, by the expansion 26.7.5 of Abramowitz and Stegun; exact enough from 5 on. */
function student95(freedom: number): number {
  const z = 1.959964;
  const first = (z ** 3 + z) / 4;
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  const third = (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384;
  return z + first / freedom + second / freedom ** 2 + third / freedom ** 3;
}
