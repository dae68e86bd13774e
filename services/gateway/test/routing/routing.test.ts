import { describe, expect, test } from "vitest";
import { timesAsLong } from "../../../../packages/agent-kit/test/service/support/times-as-long.ts";
import { loadConfiguration } from "../../src/configuration/load-configuration.ts";
import { selectListener } from "../../src/routing/select-listener.ts";
import { selectRoute } from "../../src/routing/select-route.ts";

function bindOf(listeners: object[]) {
  const text = JSON.stringify({ binds: [{ port: 1, listeners }] });
  return loadConfiguration({ text, source: "test", env: {} }).binds[0]!;
}
const backends = [{ host: "127.0.0.1:1" }];

describe("listeners", () => {
  const hosts = ["a.test", "*.test", "*.sub.test"];
  const named = hosts.map((hostname) => ({ name: hostname, hostname, routes: [] }));
  const withDefault = bindOf([{ name: "any", routes: [] }, ...named]);
  const withoutDefault = bindOf(named);
  test.each([
    ["a.test", "a.test", "a.test"],
    ["b.test", "*.test", "*.test"],
    ["x.y.test", "*.test", "*.test"],
    ["x.sub.test", "*.sub.test", "*.sub.test"],
    ["test", "any", undefined],
    ["A.TEST", "any", undefined],
    ["other", "any", undefined],
    ["xtest", "any", undefined],
    ["a.test.", "any", undefined],
    [".test", "any", undefined],
    [".sub.test", "*.test", "*.test"],
  ])("%s", (hostname, expected, expectedWithoutDefault) => {
    expect(selectListener(withDefault, hostname)?.name).toBe(expected);
    expect(selectListener(withoutDefault, hostname)?.name).toBe(expectedWithoutDefault);
  });
});

describe("routes", () => {
  const listener = bindOf([
    {
      routes: [
        { name: "prefix-get", matches: [{ path: { pathPrefix: "/api" }, method: "GET" }], backends },
        { name: "prefix", matches: [{ path: { pathPrefix: "/api" } }], backends },
        { name: "longer", matches: [{ path: { pathPrefix: "/api/v1/" } }], backends },
        { name: "exact", matches: [{ path: { exact: "/api/v1/x" } }], backends },
        { name: "host", hostnames: ["special.test"], matches: [{ path: { pathPrefix: "/only" } }], backends },
        {
          name: "either",
          matches: [{ path: { exact: "/one" } }, { path: { exact: "/two" }, method: "PUT" }],
          backends,
        },
      ],
    },
  ]).listeners[0]!;
  test.each([
    ["GET", "a.test", "/api", "prefix-get", "/api/*"],
    ["POST", "a.test", "/api", "prefix", "/api/*"],
    ["POST", "a.test", "/api/", "prefix", "/api/*"],
    ["POST", "a.test", "/apix", undefined, undefined],
    ["POST", "a.test", "/api/v1", "longer", "/api/v1/*"],
    ["POST", "a.test", "/api/v1/y", "longer", "/api/v1/*"],
    ["GET", "a.test", "/api/v1/x", "exact", "/api/v1/x"],
    ["GET", "a.test", "/api/v1/x/", "longer", "/api/v1/*"],
    ["GET", "a.test", "/api%2Fv1", undefined, undefined],
    ["GET", "a.test", "/other/../api", undefined, undefined],
    ["GET", "a.test", "/only", undefined, undefined],
    ["GET", "special.test", "/only", "host", "/only/*"],
    ["GET", "special.test", "/api", "prefix-get", "/api/*"],
    ["GET", "a.test", "/one", "either", "/one"],
    ["GET", "a.test", "/two", undefined, undefined],
    ["PUT", "a.test", "/two", "either", "/two"],
    ["GET", "a.test", "/", undefined, undefined],
  ])("%s %s%s", (method, hostname, path, route, matchedPath) => {
    const selected = selectRoute(listener, { method, hostname, path });
    expect(selected?.route.name).toBe(route);
    expect(selected?.matchedPath).toBe(matchedPath);
  });

  test("a match with a method goes before one without, in whatever order they are written", () => {
    const routes = [
      { name: "any", backends },
      { name: "put", matches: [{ method: "PUT" }], backends },
    ];
    for (const order of [routes, routes.toReversed()]) {
      const ordered = bindOf([{ routes: order }]).listeners[0]!;
      const select = (method: string) =>
        selectRoute(ordered, { method, hostname: "x", path: "/" })?.route.name;
      expect([select("PUT"), select("GET")]).toEqual(["put", "any"]);
    }
  });

  test("a star takes the hosts that no other name takes", () => {
    const routes = [
      { name: "star", hostnames: ["*"], backends },
      { name: "sub", hostnames: ["*.sub.test"], backends },
      { name: "exact", hostnames: ["a.sub.test"], backends },
    ];
    const starred = bindOf([{ routes }]).listeners[0]!;
    const select = (hostname: string) =>
      selectRoute(starred, { method: "GET", hostname, path: "/" })?.route.name;
    expect(["a.sub.test", "b.sub.test", "sub.test"].map(select)).toEqual(["exact", "sub", "star"]);
  });

  test("slashes at the end count for nothing, many in the middle take no time", () => {
    const select = (path: string) => selectRoute(listener, { method: "GET", hostname: "a.test", path });
    expect(select(`/api${"/".repeat(10_000)}`)?.route.name).toBe("prefix-get");
    expect(select("/".repeat(10_000))).toBeUndefined();
    const hostile = `/api${"/".repeat(10_000)}x`;
    expect(select(hostile)?.route.name).toBe("prefix-get");
    expect(timesAsLong(select, hostile, `/api/${"a".repeat(10_000)}`)).toBeLessThan(10);
  });

  test("without matches a route takes every path", () => {
    const any = bindOf([{ routes: [{ backends }] }]).listeners[0]!;
    expect(selectRoute(any, { method: "GET", hostname: "x", path: "/y" })?.matchedPath).toBe("/*");
    expect(selectRoute(any, { method: "GET", hostname: "x", path: "/" })?.route.name).toBe("route0");
  });
});
