import { expect, test } from "vitest";
import { ownerOf } from "../../src/index.ts";

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
