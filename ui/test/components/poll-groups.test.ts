import type { Message } from "aauth-explain/run";
import { expect, test } from "vitest";
import { pollGroups, pollLabel } from "../../src/components/poll-groups.ts";

const URL = "https://person-server.localhost/pending/1";

const poll = (id: string, seconds: number, change: Partial<Message> = {}) =>
  ({
    id,
    from: "backend",
    url: URL,
    requestType: "poll",
    outcome: "waiting",
    startMicros: seconds * 1_000_000,
    endMicros: seconds * 1_000_000 + 50_000,
    ...change,
  }) as Message;

test("polls of one request that were answered with not yet are a group, with number and time", () => {
  const polls = [poll("a", 0), poll("b", 2), poll("c", 9)];
  const answered = poll("d", 11, { outcome: "accepted" });
  const [group, ...others] = pollGroups([...polls, answered]);
  expect(others).toEqual([]);
  expect(group).toEqual(polls);
  expect(pollLabel(group!)).toBe("3 polls, 9 s");
});

test("does not group a single poll, or polls of different parties or requests", () => {
  const others = [{ from: "supply-chain-agent" }, { url: `${URL}2` }, { requestType: "cancel" }];
  expect(pollGroups([poll("a", 0)])).toEqual([]);
  for (const change of others) expect(pollGroups([poll("a", 0), poll("b", 1, change)])).toEqual([]);
});

test("a group never has a duration of zero", () => {
  expect(pollLabel([poll("a", 0), poll("b", 0)])).toBe("2 polls, 1 s");
});
