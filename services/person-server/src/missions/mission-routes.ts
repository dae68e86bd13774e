import { Readable } from "node:stream";
import type { Jwks } from "aauth";
import type { Mission, PersonServer } from "aauth/server";
import type { FastifyInstance, FastifyReply } from "fastify";
import { invalidRequest, noStore, type Query, readForm, sendPage, single } from "issuer-kit";
import type { DeciderContext } from "../decisions/decider-context.ts";
import { LOG_PAGE, liveMission, missionPage, type ShownMission } from "../pages/mission-page.ts";
import type { Person } from "../sign-in/person.ts";
import type { BrowserSession } from "../sign-in/sessions.ts";
import { spentUnder } from "./budget.ts";

interface MissionRoute {
  Params: { s256: string };
  Querystring: Query;
  Body: Query | undefined;
}

/** Keys that an agent provider publishes. */
export type ProviderKeys = (id: string) => Promise<Jwks>;

const CHANGES = ["end", "pause", "continue"] as const;

/**
 * The pages of a person's missions: terms, state and log of one, buttons to pause and to end it,
 * and a download. Missions of other people do not exist for them.
 */
export function missionRoutes(
  app: FastifyInstance,
  context: DeciderContext,
  {
    server,
    providerKeys,
  }: {
    readonly server: Pick<PersonServer, "mission" | "missionLog" | "pauseMission" | "endMission">;
    readonly providerKeys: ProviderKeys;
  },
): void {
  const { forms, logger, decider, site } = context;
  const pathOf = (s256: string) => context.at(`/missions/${s256}`);
  /** Names the form of one mission, which no other page accepts. */
  const formOf = (s256: string) => `mission ${s256}`;

  app.get<MissionRoute>(pathOf(":s256"), async (request, reply) => {
    const session = await context.signedIn(request, reply);
    if (session === undefined) return reply;
    return show(reply, session, request.params.s256, fromOf(request.query));
  });

  app.get<MissionRoute>(`${pathOf(":s256")}/log`, async (request, reply) => {
    const session = await context.signedIn(request, reply);
    if (session === undefined) return reply;
    const { s256 } = request.params;
    const shown = await shownTo(session.person, s256, fromOf(request.query));
    if (shown === undefined) return notFound(reply);
    return noStore(reply)
      .type("text/html; charset=utf-8")
      .send(liveMission(shown, pathOf(s256)).text);
  });

  app.get<MissionRoute>(`${pathOf(":s256")}/export`, async (request, reply) => {
    const session = await context.signedIn(request, reply);
    if (session === undefined) return reply;
    const mission = await server.mission(session.person.id, request.params.s256);
    if (mission === undefined) return notFound(reply);
    return noStore(reply)
      .type("application/json")
      .header("content-disposition", `attachment; filename="mission-${mission.s256.slice(0, 8)}.json"`)
      .send(Readable.from(exported(mission)));
  });

  app.post<MissionRoute>(pathOf(":s256"), async (request, reply) => {
    const form = readForm(request.body);
    const { session, value } = await forms.take(request, reply, form);
    const { s256 } = request.params;
    if (value.reference !== formOf(s256)) throw invalidRequest("Invalid or expired consent code"); // hole W16
    const asked = CHANGES.find((name) => form.has(name));
    if (asked === undefined) throw invalidRequest("Missing required parameter: end");
    const { id } = session.person;
    const results =
      asked === "end"
        ? await server.endMission(id, s256)
        : await server.pauseMission(id, s256, asked === "pause");
    if (results === undefined) return notFound(reply);
    logger.info({ mission: s256, asked }, "Mission changed by the person");
    const failed = results.filter(({ error }) => error !== undefined).map(({ recipient }) => recipient);
    if (failed.length === 0) return noStore(reply).redirect(pathOf(s256), 303);
    const where = [...new Set(failed)].join(", ");
    const problem = `Its tokens could not be revoked at ${where}. They may work there until they expire.`;
    return show(reply, session, s256, 0, problem);
  });

  async function show(
    reply: FastifyReply,
    session: BrowserSession,
    s256: string,
    from: number,
    problem?: string,
  ): Promise<FastifyReply> {
    const shown = await shownTo(session.person, s256, from);
    if (shown === undefined) return notFound(reply);
    const page = missionPage(shown, {
      site,
      problem,
      userName: session.person.name,
      path: pathOf(s256),
      grantedUrl: context.at("/granted"),
      grantedName: decider.words.granted,
      consentCode: await forms.issue(session, { reference: formOf(s256) }),
    });
    return sendPage(reply, 200, page);
  }

  async function shownTo({ id }: Person, s256: string, from: number): Promise<ShownMission | undefined> {
    const mission = await server.mission(id, s256);
    if (mission === undefined) return undefined;
    const entries = await server.missionLog(id, s256, { from, limit: LOG_PAGE });
    const spent = await spentUnder(mission, (_mission, from) => server.missionLog(id, s256, { from }));
    return { mission, entries, from, spent };
  }

  const notFound = (reply: FastifyReply) =>
    context.sendMessage(reply, {
      status: 404,
      title: "Mission not found",
      text: "It does not exist, or belongs to another user.",
    });

  /** Keys of agent providers, so that the file verifies without them; those that answer. */
  async function keysOf(issuers: Iterable<string>): Promise<Readonly<Record<string, Jwks>>> {
    const found = await Promise.allSettled(
      [...issuers].map(async (id) => [id, await providerKeys(id)] as const),
    );
    return Object.fromEntries(found.flatMap((each) => (each.status === "fulfilled" ? [each.value] : [])));
  }

  /** A JSON text with the bytes of the mission and each entry of the log, a page at a time. */
  async function* exported({ person, s256, blob, agent, termination }: Mission): AsyncGenerator<string> {
    const facts = { person_server: context.config.id, s256, mission: blob, agent, termination };
    yield `${JSON.stringify({ format: "aauth-mission-1", ...facts }).slice(0, -1)},"log":[`;
    const issuers = new Set([agent.iss]);
    for (let from = 0; ; ) {
      const entries = await server.missionLog(person, s256, { from, limit: LOG_PAGE });
      if (entries.length === 0) break;
      yield `${from === 0 ? "" : ","}\n${entries.map((entry) => JSON.stringify(entry)).join(",\n")}`;
      for (const entry of entries) if (entry.type === "requested") issuers.add(entry.request.agent.iss);
      from += entries.length;
    }
    yield `\n],"keys":${JSON.stringify(await keysOf(issuers))}}\n`;
  }
}

/** Number of the first entry to show. */
function fromOf(query: Query): number {
  const from = single(query, "from");
  return from !== undefined && /^\d{1,6}$/.test(from) ? Number(from) : 0;
}
