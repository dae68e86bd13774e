import { setTimeout as pause } from "node:timers/promises";
import { StoreUnavailableError } from "aauth";
import { Pool } from "pg";
import { type Job, PgBoss } from "pg-boss";
import {
  CLOSE_MS,
  type JobHandler,
  type Jobs,
  type JobsLog,
  MAX_RUNNING,
  pauseSeconds,
  startJob,
} from "../jobs.ts";

/** Seconds without a heartbeat until a job is taken over: the minimum of pg-boss. */
const HEARTBEAT_SECONDS = 10;
const TOUCH_MS = 2_500;
const POLL_MS = 500;
/** Interval at which pg-boss checks for jobs without a heartbeat. */
const MONITOR_SECONDS = 1;
const QUERY_MS = 10_000;
const REPORT_MS = 60_000;
/** The maximum of pg-boss; a missing heartbeat ends a job earlier. */
const EXPIRE_SECONDS = 86_400;
/** Unlimited retries, because `abandon` is also repeated. */
const NO_LIMIT = 1_000_000;

type IdJob = Job<{ readonly id: string }>;

/**
 * Opens jobs that replicas share, over pg-boss, whose tables are in the schema `aauth_jobs`. The
 * job of a process that was killed is taken over within about 13 seconds, that of a process that
 * closes within about a second.
 *
 * A process that is suspended for 10 seconds, or cannot reach the database for that time, loses its
 * jobs while still working on them. Their signals are aborted within 2.5 seconds after it recovers.
 * Until then, two attempts of a job can run.
 *
 * @param options.service prefix of the queues: the same in all replicas, different for each service
 * @throws StoreUnavailableError where the database does not answer
 */
export async function openPostgresJobs(options: {
  readonly url: string;
  readonly service: string;
  readonly log: JobsLog;
}): Promise<Jobs> {
  const { url, service, log } = options;
  const pool = new Pool({
    connectionString: url,
    max: 4,
    connectionTimeoutMillis: QUERY_MS,
    query_timeout: QUERY_MS,
    statement_timeout: QUERY_MS,
  });
  // An idle connection was lost: the next call opens another.
  pool.on("error", () => {});
  const boss = new PgBoss({
    db: { executeSql: (text, values) => pool.query(text, values) },
    schema: "aauth_jobs",
    schedule: false,
    registerInstance: false,
    superviseIntervalSeconds: MONITOR_SECONDS,
    monitorIntervalSeconds: MONITOR_SECONDS,
  });
  const outage = createOutage(log);
  boss.on("error", outage.report);
  const close = async () => {
    await boss.stop({ graceful: false, close: false });
    await pool.end();
  };
  try {
    await pool.query("select 1");
    await boss.start();
  } catch (error) {
    await close();
    throw new StoreUnavailableError(URL.parse(url)?.host ?? "url", { cause: error });
  }
  return jobsOf(boss, { service, log, outage, close });
}

function jobsOf(
  boss: PgBoss,
  parts: { service: string; log: JobsLog; outage: Outage; close: () => Promise<void> },
): Jobs {
  const { service, log, outage, close } = parts;
  const queues = new Map<string, PostgresQueue>();
  const queueOf = (name: string) => {
    const queue = queues.get(name);
    if (queue === undefined) throw new RangeError(`no handler for the queue ${name}`);
    return queue;
  };
  return {
    handle(name, handler) {
      queues.set(name, new PostgresQueue(boss, `${service}/${name}`, { handler, log, outage }));
    },
    add: (name, id) => queueOf(name).add(id),
    async start() {
      for (const queue of queues.values()) await queue.start();
    },
    async close() {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
      await close();
    },
  };
}

interface Running {
  readonly job: IdJob;
  readonly claim: AbortController;
}

class PostgresQueue {
  readonly #boss: PgBoss;
  readonly #name: string;
  readonly #parts: { handler: JobHandler; log: JobsLog; outage: Outage };
  readonly #running = new Map<Promise<void>, Running>();
  readonly #closing = new AbortController();
  /** Ends the pause before the next poll. */
  #wake = new AbortController();
  #loops: Promise<unknown> = Promise.resolve();

  constructor(boss: PgBoss, name: string, parts: { handler: JobHandler; log: JobsLog; outage: Outage }) {
    this.#boss = boss;
    this.#name = name;
    this.#parts = parts;
  }

  async start(): Promise<void> {
    const terms = {
      heartbeatSeconds: HEARTBEAT_SECONDS,
      expireInSeconds: EXPIRE_SECONDS,
      retryLimit: NO_LIMIT,
      retryDelay: 1,
      retryBackoff: true,
      retryDelayMax: pauseSeconds(NO_LIMIT),
    };
    // One waiting or running job for each id.
    await this.#boss.createQueue(this.#name, { policy: "exclusive", ...terms });
    await this.#boss.updateQueue(this.#name, terms);
    this.#loops = Promise.all([this.#poll(), this.#keepClaims()]);
  }

  async add(id: string): Promise<void> {
    try {
      await this.#boss.send(this.#name, { id }, { singletonKey: id });
    } catch (error) {
      throw new StoreUnavailableError(this.#name, { cause: error });
    }
    this.#wake.abort();
  }

  async close(): Promise<void> {
    const reason = new Error("the process closes");
    this.#closing.abort(reason);
    this.#wake.abort();
    await this.#loops;
    for (const { claim } of this.#running.values()) claim.abort(reason);
    await Promise.race([Promise.all(this.#running.keys()), pause(CLOSE_MS, undefined, { ref: false })]);
  }

  async #poll(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      this.#wake = new AbortController();
      const free = MAX_RUNNING - this.#running.size;
      if (free > 0) {
        await this.#parts.outage.watch(async () => {
          const jobs = await this.#boss.fetch<{ id: string }>(this.#name, { batchSize: free });
          for (const job of jobs) this.#take(job);
        });
      }
      await pause(POLL_MS, undefined, { signal: this.#wake.signal }).catch(() => {});
    }
  }

  #take(job: IdJob): void {
    const claim = new AbortController();
    const running = this.#run(job, claim.signal).finally(() => this.#running.delete(running));
    this.#running.set(running, { job, claim });
  }

  async #run(job: IdJob, claim: AbortSignal): Promise<void> {
    const { handler, log, outage } = this.#parts;
    const { id } = job.data;
    try {
      await startJob(handler, id, claim, job.retryCount);
    } catch (error) {
      if (!claim.aborted) {
        log.warn({ err: error, queue: this.#name, job: id }, "a job failed and runs again");
      }
      // Has no effect if another attempt has begun.
      await outage.watch(() => this.#boss.fail(this.#name, job));
      return;
    }
    await outage.watch(() => this.#boss.deleteJob(this.#name, job));
  }

  /** Refreshes the heartbeats, and aborts the jobs that another attempt has taken over. */
  async #keepClaims(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      await pause(TOUCH_MS, undefined, { signal: this.#closing.signal }).catch(() => {});
      const held = [...this.#running.values()].filter(({ claim }) => !claim.signal.aborted);
      if (held.length === 0) continue;
      await this.#parts.outage.watch(async () => {
        const jobs = held.map(({ job }) => job);
        const { settled } = (await this.#boss.touch(this.#name, jobs)) as { settled: readonly string[] };
        for (const { job, claim } of held) {
          if (!settled.includes(job.id)) claim.abort(new Error(`job ${job.data.id} was taken over`));
        }
      });
    }
  }
}

/** Reports failures of repeated calls at most once a minute. */
interface Outage {
  report(error: unknown): void;
  watch(call: () => Promise<unknown>): Promise<void>;
}

function createOutage(log: JobsLog): Outage {
  let quietUntilMs = 0;
  function report(error: unknown) {
    if (performance.now() < quietUntilMs) return;
    quietUntilMs = performance.now() + REPORT_MS;
    log.warn({ err: error }, "PostgreSQL does not serve jobs");
  }
  return {
    report,
    watch: (call) => call().then(() => {}, report),
  };
}
