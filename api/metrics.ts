import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Ingest } from './ingest.ts';

/** This process's figures in Prometheus' format. Counts only: nothing in them belongs to a person. */
export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
  /** Counts an answer, by part of the API and status. */
  answered(part: string, status: number): void;
}

export function createMetrics(ingest: Ingest): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  new Counter({
    name: 'tend_interactions_total',
    help: 'Interactions that came in, by what became of them.',
    labelNames: ['result'],
    registers,
    collect() {
      this.reset();
      this.inc({ result: 'stored' }, ingest.counts.stored);
      this.inc({ result: 'duplicate' }, ingest.counts.duplicates);
      this.inc({ result: 'refused' }, ingest.counts.refused);
    },
  });
  new Gauge({
    name: 'tend_interactions_waiting',
    help: 'Interactions that were taken and are not stored yet.',
    registers,
    collect() {
      this.set(ingest.counts.waiting);
    },
  });
  const answers = new Counter({
    name: 'tend_http_answers_total',
    help: 'Answers by part of the API and status.',
    labelNames: ['part', 'status'],
    registers,
  });
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    answered: (part, status) => answers.inc({ part, status }),
  };
}
