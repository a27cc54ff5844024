import { useSignal } from '@preact/signals';
import type { Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import { many } from '../domain/text/figures.js';
import type { Sample } from '../status/schema.js';
import { CHARTS, type ChartSpec } from './charts.js';
import { chosen, followSeries, samples, SPANS, trouble, type Span } from './series.js';
import { timeOf } from './words.js';
import type { Drawing } from './draw.js';
import { drawLater } from './drawLater.js';

/** How the node did over time; our own outages are shaded in all of it. */
export function OverTime(): JSX.Element {
  const span = chosen.value;
  useEffect(() => followSeries(span), [span]);
  const known = samples.value;
  const shaded = known?.filter(({ isolated }) => isolated).length ?? 0;
  return (
    <section class="card over-time" aria-labelledby="over-time">
      <div class="head">
        <h2 id="over-time">Over time</h2>
        <div class="kinds" role="group" aria-label="Span">
          {(Object.keys(SPANS) as Span[]).map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={name === span}
              onClick={() => {
                chosen.value = name;
              }}
            >
              {name}
            </button>
          ))}
        </div>
        <span class="age">
          {shaded > 0 && <i class="hatch" aria-hidden="true" />}
          {shaded > 0
            ? `shaded: we were isolated (${many(shaded, 'sample')}), held against nobody`
            : 'drag to zoom in, double click to zoom out'}
        </span>
      </div>
      {trouble.value !== '' && <p class="note">Could not ask for the samples: {trouble.value}.</p>}
      {known !== undefined && known.length < 2 ? (
        <p class="empty">A sample is taken once a minute; the first lines appear after two of them.</p>
      ) : (
        <div class="charts">
          {CHARTS.map((spec) => (
            <Chart key={spec.title} spec={spec} samples={known ?? []} />
          ))}
        </div>
      )}
    </section>
  );
}

function Chart({ spec, samples: known }: { spec: ChartSpec; samples: readonly Sample[] }): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const drawing = useRef<Drawing>(undefined);
  /** Index of the sample under the pointer. */
  const pointed = useSignal<number | null>(null);
  const latest = useRef(known);
  latest.current = known;
  useEffect(() => {
    let gone = false;
    // The library comes after the page, which is of use without it.
    void drawLater().then(({ draw }) => {
      if (gone || place.current === null) return;
      drawing.current = draw(place.current, spec, pointed);
      drawing.current.show(latest.current);
    });
    return () => {
      gone = true;
      drawing.current?.end();
    };
  }, []);
  useEffect(() => {
    drawing.current?.show(known);
  }, [known]);
  return (
    <figure class="chart">
      <figcaption>
        <b>{spec.title}</b> <Values spec={spec} samples={known} pointed={pointed} />
      </figcaption>
      <div class="plot" ref={place} aria-hidden="true" />
    </figure>
  );
}

function Values(props: { spec: ChartSpec; samples: readonly Sample[]; pointed: Signal<number | null> }): JSX.Element {
  const { spec, samples: known, pointed } = props;
  const index = pointed.value;
  const sample = index === null ? known.at(-1) : known[index];
  return (
    <span class="values">
      {spec.lines.map(({ name, value, tone }) => (
        <span key={name} class={`v-${tone}`}>
          <i aria-hidden="true" />
          {name} <b>{sample === undefined ? '–' : spec.format(value(sample))}</b>
        </span>
      ))}
      {index !== null && sample !== undefined && <time>{timeOf(sample.at)}</time>}
    </span>
  );
}
