/**
 * Missions and their logs (draft -11, sections 8.2, 8.3 and 8.6). A mission has two states, and its
 * text never changes.
 *
 * @module
 */

import { decodeBase64Url, encodeBase64Url } from "../base64.ts";
import type { RecordStore } from "../store/record-store.ts";
import { invalidRequest, Problem } from "./answers.ts";
import { keyOf, type Table, tableOf } from "./stores.ts";
import type { AgentIdentity, Mission, MissionEntry, MissionEvent, MissionTerms } from "./types.ts";

/** Lifetime of a mission after its last change, and of an entry of its log: a year. */
const KEPT_SECONDS = 31_536_000;
const DIGEST_BYTES = 32;
/** Entries of a log from which the agent may record nothing more. */
const MAX_RECORDED = 10_000;
const RETRY_SECONDS = 3_600;

/** Name of a mission. Its agent is part of the name, so that a foreign mission is an absent one. */
export interface MissionName {
  readonly agent: AgentIdentity;
  readonly s256: string;
}

/** A stored mission. Plain data. */
interface MissionRecord extends Omit<Mission, "termination"> {
  readonly ended?: { readonly reason: string; readonly at: number } | undefined;
  /** Entries of the log, at least. */
  readonly logged: number;
}

// hole W1: ({ s256 }: MissionName) => [s256]
const idOf = ({ agent, s256 }: MissionName) => [agent.iss, agent.sub, s256];
const ownerOf = (person: string) => keyOf("person", person);

/** @throws Problem `invalid_request` for anything but an unpadded base64url SHA-256 digest */
export function requiredS256(value: unknown): string {
  const bytes = typeof value === "string" ? decodeBase64Url(value) : undefined;
  if (bytes?.byteLength === DIGEST_BYTES) return value as string;
  throw invalidRequest("mission_s256 must be a SHA-256 digest in base64url");
}

/** The identifier of a mission or of an update: the digest of its bytes (section 8.2.1). */
export const s256Of = async (bytes: Uint8Array<ArrayBuffer>): Promise<string> =>
  encodeBase64Url(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));

export class Missions {
  readonly #missions: Table<MissionRecord>;
  /** Agents of missions, by person. */
  readonly #agents: Table<AgentIdentity>;
  readonly #entries: Table<MissionEntry>;
  readonly #list: (person: string) => Promise<readonly MissionRecord[]>;
  readonly #now: () => number;

  /** @param logs separate, so that entries displace no mission */
  constructor(missions: RecordStore<unknown>, logs: RecordStore<unknown>, now: () => number) {
    this.#missions = tableOf(missions, "mission");
    this.#agents = tableOf(missions, "mission-agent");
    this.#entries = tableOf(logs, "entry");
    this.#list = async (person) => (await missions.list(ownerOf(person))) as readonly MissionRecord[];
    this.#now = now;
  }

  /** A mission of this agent; undefined for an absent or foreign one. */
  async get(name: MissionName): Promise<Mission | undefined> {
    const record = await this.#missions.get(idOf(name));
    return record && this.#view(record);
  }

  /**
   * An active mission of this agent.
   *
   * @throws Problem 404 `mission_not_found` for an absent or foreign one, which do not differ;
   *   403 `mission_terminated`
   */
  async active(name: MissionName): Promise<Mission> {
    const mission = await this.get(name);
    if (mission === undefined) {
      throw new Problem(404, "mission_not_found", "this agent has no such mission");
    }
    if (mission.termination !== undefined) throw terminated(mission.termination); // hole W2
    return mission;
  }

  /**
   * The active mission that a request of this agent names; undefined if it names none.
   *
   * @param s256 value of `mission_s256`
   * @throws Problem `invalid_request`; as {@link active}
   */
  async named(agent: AgentIdentity, s256: unknown): Promise<Mission | undefined> {
    return s256 === undefined ? undefined : this.active({ agent, s256: requiredS256(s256) });
  }

  /** Missions of a person, by their last change. */
  async of(person: string): Promise<readonly Mission[]> {
    return (await this.#list(person)).map((record) => this.#view(record));
  }

  /** A mission of a person; undefined for an absent or foreign one. */
  async ofPerson(person: string, s256: string): Promise<Mission | undefined> {
    const agent = await this.#agents.get([person, s256]);
    return agent && this.get({ agent, s256 });
  }

  /** Stores an approved mission. The same one again changes nothing. */
  async create(mission: Omit<Mission, "termination" | "updates" | "isPaused">): Promise<void> {
    const { person, s256, agent } = mission;
    await this.#agents.put([person, s256], agent, this.#terms(keyOf("agents", person)));
    const record = { ...mission, updates: [], isPaused: false, logged: 0 };
    const isNew = await this.#missions.putIfAbsent(idOf(mission), record, this.#terms(ownerOf(person)));
    if (isNew) await this.log(mission, { type: "approved" });
  }

  /** Adds an accepted update (section 8.4). */
  async update(mission: MissionName, description: string): Promise<void> {
    await this.#change(mission, (known) => ({ ...known, updates: [...known.updates, description] }));
  }

  /** Pauses a mission, or continues it. */
  async pause(mission: MissionName, isPaused: boolean): Promise<void> {
    await this.#change(mission, (known) => ({ ...known, isPaused }));
    await this.log(mission, { type: isPaused ? "paused" : "resumed" });
  }

  /** Ends a mission. The first reason remains. */
  async end(mission: MissionName, reason: string): Promise<void> {
    let isFirst = false;
    await this.#change(mission, (known) => {
      isFirst = known.ended === undefined;
      return isFirst ? { ...known, ended: { reason, at: this.#now() } } : undefined;
    });
    if (isFirst) await this.log(mission, { type: "ended", reason });
  }

  /**
   * Appends an entry to the log, whose numbers have no gaps.
   *
   * @returns its number
   */
  async log(name: MissionName, event: MissionEvent): Promise<number> {
    const id = idOf(name);
    const record = await this.#missions.get(id);
    if (record === undefined) throw new Error("the mission of an entry does not exist");
    if (event.type === "recorded" && record.logged >= MAX_RECORDED) {
      const why = "the log of the mission is full";
      throw new Problem(429, "slow_down", why, RETRY_SECONDS); // hole W4
    }
    const terms = this.#terms(keyOf("log", record.person));
    for (let n = record.logged; ; n++) {
      const entry: MissionEntry = { n, at: this.#now(), ...event };
      if (!(await this.#entries.putIfAbsent([...id, String(n)], entry, terms))) continue;
      await this.#change(name, (known) => (known.logged <= n ? { ...known, logged: n + 1 } : undefined));
      return n;
    }
  }

  /** Entries of a log from a number on. */
  async entries(name: MissionName, from: number, limit: number): Promise<readonly MissionEntry[]> {
    const numbers = Array.from({ length: limit }, (_, index) => String(from + index));
    const found = await Promise.all(numbers.map((n) => this.#entries.get([...idOf(name), n])));
    return found.filter((entry) => entry !== undefined);
  }

  /** A mission as others see it: one whose end has passed is terminated (section 8.2). */
  #view({ ended, logged: _logged, ...mission }: MissionRecord): Mission {
    const { expiresAt } = mission;
    const isOver = expiresAt !== undefined && expiresAt <= this.#now(); // hole W5: false
    const termination = ended ?? (isOver ? { reason: "expired", at: expiresAt } : undefined);
    return { ...mission, termination };
  }

  async #change(
    name: MissionName,
    change: (known: MissionRecord) => MissionRecord | undefined,
  ): Promise<void> {
    await this.#missions.update(idOf(name), (known) => {
      const value = known && change(known);
      return value && { value, ...this.#terms(ownerOf(value.person)) };
    });
  }

  #terms(owner: string) {
    return { owner, ttlSeconds: KEPT_SECONDS };
  }
}

/** The error of section 8.8. */
export const terminated = ({ reason }: { readonly reason: string }): Problem =>
  new Problem(403, "mission_terminated", "the mission is permanently ended", undefined, {
    mission_status: "terminated",
    termination_reason: reason,
  });

/**
 * The bytes of an approved mission, whose digest is its identifier (section 8.2).
 *
 * @param approvedAt Unix seconds
 */
export function blobOf(agent: AgentIdentity, terms: MissionTerms, approvedAt: number) {
  const { description, tools, resources, expiresAt } = terms;
  const blob = {
    agent: agent.sub,
    approved_at: isoTime(approvedAt),
    ...(expiresAt !== undefined && { expires_at: isoTime(expiresAt) }),
    description,
    ...(tools.length > 0 && { approved_tools: tools }),
    ...(resources.length > 0 && { approved_resources: resources }),
  };
  return new TextEncoder().encode(JSON.stringify(blob));
}

/** Without fractions of a second, so that `expires_at` is a whole Unix time. */
export const isoTime = (seconds: number): string =>
  new Date(seconds * 1000).toISOString().replace(".000", "");
