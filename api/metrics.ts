import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Database } from '../store/database.ts';
import { readFigures } from '../store/read-figures.ts';
import type { Ingest } from './ingest.ts';

/** This process's figures in Prometheus' format. Counts only: nothing in them belongs to a person. */
export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
  /** Counts an answer, by part of the API and status. */
  answered(part: string, status: number): void;
}

export function createMetrics(ingest: Ingest, database: Database): Metrics {
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
  const leads = new Gauge({
    name: 'tend_leads',
    help: 'Leads that want looking at: parked (could not be processed), unplanned (woken, not planned yet).',
    labelNames: ['state'],
    registers,
  });
  const backlog = new Gauge({
    name: 'tend_interactions_backlog',
    help: 'Stored interactions that are not scored, and identifies that are not applied yet.',
    labelNames: ['state'],
    registers,
  });
  const messages = new Gauge({
    name: 'tend_messages',
    help: 'Mails by state, as far as they are not finished, and those of which nobody knows whether they left.',
    labelNames: ['state'],
    registers,
  });
  const webhooks = new Gauge({
    name: 'tend_webhook_deliveries',
    help: 'Webhook deliveries that wait, are claimed, are held because their endpoint is disabled, or are dead.',
    labelNames: ['state'],
    registers,
  });
  const inbound = new Gauge({
    name: 'tend_inbound_mails',
    help: 'Reports, complaints and replies that wait to be processed, and those set aside for a person to look at.',
    labelNames: ['state'],
    registers,
  });
  const senders = new Gauge({
    name: 'tend_senders',
    help: 'Senders by what was complained about their mail: well, warned (0.1 %), paused (0.3 %).',
    labelNames: ['state'],
    registers,
  });
  const complaintRate = new Gauge({
    name: 'tend_sender_complaint_rate',
    help: 'Complaints per accepted mail of the last seven days, by sender; none where there are too few mails to say.',
    labelNames: ['sender'],
    registers,
  });
  const refusingDomains = new Gauge({
    name: 'tend_receiving_domains_refusing',
    help: 'Domains that refuse our mail for policy or reputation, and are left alone for a while.',
    registers,
  });
  const answers = new Counter({
    name: 'tend_http_answers_total',
    help: 'Answers by part of the API and status.',
    labelNames: ['part', 'status'],
    registers,
  });
  return {
    contentType: registry.contentType,
    async text() {
      const figures = await readFigures(database);
      for (const [state, count] of Object.entries(figures.leads)) leads.set({ state }, count);
      for (const [state, count] of Object.entries(figures.backlog)) backlog.set({ state }, count);
      messages.reset();
      for (const [state, count] of Object.entries(figures.messages)) messages.set({ state }, count);
      for (const [state, count] of Object.entries(figures.webhooks)) webhooks.set({ state }, count);
      inbound.set({ state: 'waiting' }, figures.inbound.waiting);
      inbound.set({ state: 'set-aside' }, figures.inbound.setAside);
      for (const [state, count] of Object.entries(figures.senders)) senders.set({ state }, count);
      complaintRate.reset();
      for (const [sender, rate] of Object.entries(figures.complaintRates)) complaintRate.set({ sender }, rate);
      refusingDomains.set(figures.refusingDomains);
      return registry.metrics();
    },
    answered: (part, status) => answers.inc({ part, status }),
  };
}
