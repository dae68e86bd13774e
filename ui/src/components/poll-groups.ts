import type { Message } from "aauth-explain/run";

/** Two or more polls of one pending request that were answered "not yet", in the order sent. */
export type PollGroup = readonly [Message, Message, ...Message[]];

/** The groups of polls among the messages of a run. */
export function pollGroups(messages: readonly Message[]): PollGroup[] {
  const isPoll = ({ requestType, outcome }: Message) => requestType === "poll" && outcome === "waiting";
  const byRequest = Map.groupBy(messages.filter(isPoll), ({ from, url }) => `${from} ${url}`);
  return [...byRequest.values()].flatMap(([first, second, ...others]) =>
    first && second ? [[first, second, ...others] as const] : [],
  );
}

/** `5 polls, 9 s` */
export function pollLabel(group: PollGroup): string {
  const micros = (group.at(-1) ?? group[1]).endMicros - group[0].startMicros;
  return `${group.length} polls, ${Math.max(1, Math.round(micros / 1_000_000))} s`;
}
