import { describe, expect, test } from "vitest";
import { ownerOf } from "../../src/index.ts";
import { registrableDomain } from "../../src/store/domain-web.ts";

test.each([
  ["https://agent.example.com:8443/a/b", "example.com"],
  ["https://x1.wild.example.com", "example.com"],
  ["https://x2.wild.example.com", "example.com"],
  ["https://example.com.", "example.com"],
  ["https://a.b.example.co.uk", "example.co.uk"],
  ["https://one.github.io", "one.github.io"],
  ["https://deep.one.github.io", "one.github.io"],
  ["https://github.io", "github.io"],
  ["http://backend.localhost:8000", "backend.localhost"],
  ["http://a.backend.localhost:8000", "backend.localhost"],
  ["http://localhost:9999", "localhost"],
  ["http://127.0.0.1:9999/x", "127.0.0.1"],
  ["http://[2001:db8:1:2:3:4:5:6]:80", "2001:db8:1:2::/64"],
  ["http://[2001:db8:1:2::9]", "2001:db8:1:2::/64"],
  ["http://[2001:db8::9]", "2001:db8:0:0::/64"],
  ["http://[::1]", "0:0:0:0::/64"],
  ["toy:planner@a.example.com", "example.com"],
  ["toy:planner@agents.localhost", "agents.localhost"],
  ["not a url", ""],
])("the owner of %s is %s", (id, owner) => {
  expect(ownerOf(id)).toBe(owner);
});

describe("without the public suffix list, as in browsers and workers", () => {
  test.each([
    ["x1.wild.example.com", "example.com"],
    ["agents.localhost", "agents.localhost"],
    ["localhost", undefined],
    ["127.0.0.1", undefined],
  ])("the owner of %s is %s", (host, owner) => {
    expect(registrableDomain(host)).toBe(owner);
  });

  test("E2: the tenants of one suffix are one owner, and no owner is two", () => {
    for (const host of ["one.co.uk", "two.co.uk", "a.two.co.uk"])
      expect(registrableDomain(host)).toBe("co.uk");
    const hosts = Array.from({ length: 100 }, (_, index) => `x${index}.y${index}.example.com`);
    expect(new Set(hosts.map(registrableDomain))).toEqual(new Set(["example.com"]));
  });
});
