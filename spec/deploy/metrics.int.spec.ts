import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { RedisServer } from '#swarm/redis.js';
import { Scheduler } from '#swarm/scheduler.js';
import { eventually } from '../support/eventually.js';
import { Neighbours } from '../support/neighbours.js';
import {
  ADDED,
  groupedBy,
  selectorsIn,
  selects,
  seriesIn,
  toSeries,
  type Series,
} from '../support/prometheus/scrape.js';
import { skipBecause } from '../support/skip.js';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity?: string };
  readonly annotations: { readonly summary?: string; readonly description?: string };
}

interface RuleTest {
  readonly input_series: readonly { readonly series: string }[];
  readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly object[] }[];
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string; readonly datasource: object }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly annotations: { readonly list: readonly { readonly expr: string; readonly titleFormat: string }[] };
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string | object }[] };
}

const FOLDER = fileURLToPath(new URL('../../../deploy/', import.meta.url));
const RULES = join(FOLDER, 'prometheus-rules.yaml');
const TESTS = join(FOLDER, 'prometheus-rules.test.yaml');
const UP: Series = { name: 'up', labels: {} };

describe('the metrics in Prometheus and Grafana', () => {
  let text: string;
  let scraped: readonly Series[];

  before(async () => {
    text = await scrapeOfARun();
    scraped = [UP, ...seriesIn(text)];
  });

  const promtool = (context: Mocha.Context, args: readonly string[], input = ''): string => {
    if (spawnSync('promtool', ['--version']).status !== 0) skipBecause(context, 'there is no promtool');
    const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
    expect(status, `${stdout}${stderr}`).to.equal(0);
    return `${stdout}${stderr}`;
  };
  /** A misspelled metric or label would select nothing, and nobody would notice. */
  const expectKnown = (query: string): void => {
    const selectors = selectorsIn(query);
    expect(selectors, query).to.not.be.empty;
    for (const selector of selectors) {
      const found = scraped.filter((one) => selects(selector, one));
      expect(found, `${JSON.stringify(selector)} in ${query}`).to.not.be.empty;
    }
    expectLabels(groupedBy(query), query);
  };
  const expectLabels = (labels: readonly string[], query: string): void => {
    const known = new Set(selectorsIn(query).flatMap(({ name }) => labelsOf(name)));
    expect([...known, ...ADDED], query).to.include.members([...labels]);
  };
  const labelsOf = (name: string): readonly string[] =>
    scraped.filter((one) => one.name === name).flatMap(({ labels }) => Object.keys(labels));

  it('are of the kind that promtool accepts', function () {
    expect(promtool(this, ['check', 'metrics'], text)).to.equal('');
  });

  it('name no peer', () => {
    const values = scraped.flatMap(({ labels }) => Object.values(labels));
    expect(values).to.not.be.empty;
    expect(values.filter((value) => /[\da-f]{8}-|\d+\.\d+\.\d+\.\d+|127\.|::/.test(value))).to.deep.equal([]);
  });

  describe('the alerts', () => {
    const { groups } = parse(readFileSync(RULES, 'utf8')) as { readonly groups: readonly { rules: readonly Rule[] }[] };
    const { tests } = parse(readFileSync(TESTS, 'utf8')) as { readonly tests: readonly RuleTest[] };
    const rules = groups.flatMap((group) => group.rules);

    it('ask for what the program has', () => {
      for (const { expr } of rules) expectKnown(expr);
    });

    it('say how serious they are, what is wrong, and what to do', () => {
      for (const { alert, labels, annotations } of rules) {
        expect(labels.severity, alert).to.be.oneOf(['critical', 'warning']);
        expect(annotations.summary, alert).to.match(/\.$/);
        expect(annotations.description, alert).to.match(/\.$/);
      }
    });

    it('are each tested with the series of the program, where they fire and where they do not', () => {
      for (const { series } of tests.flatMap((test) => test.input_series)) {
        const { name, labels } = toSeries(series);
        const { job, instance, ...own } = labels;
        expect({ job, instance }, series).to.satisfy((added: object) => Object.values(added).every(Boolean));
        expect(scraped, series).to.deep.include({ name, labels: own });
      }
      const cases = tests.flatMap((test) => test.alert_rule_test);
      for (const { alert } of rules) {
        const fires = cases.filter(({ alertname }) => alertname === alert).map(({ exp_alerts: all }) => all.length > 0);
        expect(fires, alert).to.include(true).and.to.include(false);
      }
    });

    it('are valid, and fire as the tests say', function () {
      promtool(this, ['check', 'rules', RULES]);
      promtool(this, ['test', 'rules', TESTS]);
    });
  });

  describe('the dashboard', () => {
    const board = JSON.parse(readFileSync(join(FOLDER, 'grafana-dashboard.json'), 'utf8')) as Dashboard;
    const targets = board.panels.flatMap((panel) => panel.targets ?? []);
    const queries = [...targets, ...board.annotations.list].map(({ expr }) => expr);

    it('asks for what the program has, of the nodes that were chosen', () => {
      for (const query of queries) {
        // What the variables stand for is chosen by whoever looks.
        expectKnown(query);
        for (const { name, matchers } of selectorsIn(query)) {
          expect(matchers, `${name} in ${query}`).to.deep.include.members([
            { label: 'job', operator: '=', value: '$job' },
            { label: 'instance', operator: '=~', value: '$instance' },
          ]);
        }
      }
      const variables = board.templating.list.map(({ query }) => JSON.stringify(query)).join();
      for (const { name } of selectorsIn(variables)) expect(labelsOf(name)).to.not.be.empty;
    });

    it('names its lines by labels that are there', () => {
      const named = [
        ...targets.map(({ expr, legendFormat }) => ({ expr, text: legendFormat })),
        ...board.annotations.list.map(({ expr, titleFormat }) => ({ expr, text: titleFormat })),
      ];
      for (const { expr, text: legend } of named) {
        expectLabels(
          [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label),
          expr,
        );
      }
    });

    it('has a place of its own for each panel, and a name', () => {
      expect(new Set(board.panels.map(({ id }) => id)).size).to.equal(board.panels.length);
      const taken = new Set<string>();
      for (const { title, type, gridPos, targets: asked } of board.panels) {
        expect(title).to.not.equal('');
        if (type !== 'row') expect(asked, title).to.not.be.empty;
        expect(gridPos.x + gridPos.w, title).to.be.at.most(24);
        for (const cell of cellsOf(gridPos)) {
          expect(taken, title).to.not.include(cell);
          taken.add(cell);
        }
      }
    });

    it('has no query that Prometheus could not read', function () {
      const folder = mkdtempSync(join(tmpdir(), 'queries-'));
      const rules = queries.map((query, i) => ({
        record: `query_${i}`,
        expr: query.replaceAll('$__rate_interval', '5m'),
      }));
      const file = join(folder, 'rules.json');
      writeFileSync(file, JSON.stringify({ groups: [{ name: 'queries', rules }] }));
      try {
        expect(promtool(this, ['check', 'rules', file])).to.include(`${queries.length} rules found`);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  });
});

function cellsOf({ x, y, w, h }: Panel['gridPos']): readonly string[] {
  return Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`);
}

/** What the built program answers at /metrics once it has polled its IP from a source that answers and one that fails. */
async function scrapeOfARun(): Promise<string> {
  const neighbours = await Neighbours.start();
  const redis = await RedisServer.start();
  const failing = await serviceThatFails();
  let scheduler: Scheduler | undefined;
  try {
    await neighbours.register(redis.client());
    const settings = neighbours.settings({ url: redis.url });
    const { port } = failing.address() as AddressInfo;
    const sources = [...settings.publicIp.sources, { url: `http://127.0.0.1:${port}/` }];
    const publicIp = { ...settings.publicIp, sources };
    scheduler = await Scheduler.start({ ...settings, publicIp, status: { port: 0 } });
    const { message } = await scheduler.logged(({ event }) => event === 'status.listening');
    const [url = ''] = /http:\S+/.exec(message) ?? [];
    let text = '';
    await eventually(async () => {
      text = await (await fetch(new URL('metrics', url))).text();
      expect(text)
        .to.match(/ip_polls_total\{[^}]*"ok"/)
        .and.match(/ip_polls_total\{[^}]*"http-500"/);
    });
    return text;
  } finally {
    await scheduler?.stop();
    await neighbours.stop();
    await redis.stop();
    failing.close();
    failing.closeAllConnections();
  }
}

async function serviceThatFails(): Promise<Server> {
  const server = createServer((_, response) => response.writeHead(500).end());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}
