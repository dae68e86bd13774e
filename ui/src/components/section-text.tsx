import { Modal } from "@mantine/core";
import { Suspense, useEffect, useState } from "react";
import { loadLater, NOT_LOADED } from "./load-later.tsx";

/** Empty without the profile's document. */
const PROFILE = import.meta.glob<string>("../../../docs/february-2026/profile.md", {
  query: "?raw",
  import: "default",
});
const Markdown = loadLater(() => import("./markdown.tsx"));

/** A section of the wire profile in a dialog. */
export function SectionText({ section, onClose }: { section: string; onClose: () => void }) {
  const [text, setText] = useState<string | undefined>(undefined);
  useEffect(() => {
    const [load = async () => ""] = Object.values(PROFILE);
    void load().then(
      (profile) => setText(sectionOf(profile, section)),
      () => setText(NOT_LOADED),
    );
  }, [section]);
  return (
    <Modal opened onClose={onClose} title={`Wire profile, section ${section}: the protocol of February 2026`}>
      <Suspense fallback={null}>{text && <Markdown text={text} />}</Suspense>
    </Modal>
  );
}

/** Text from the heading with this number to the next heading of its level or above. */
function sectionOf(profile: string, section: string): string {
  const lines = profile.split("\n");
  const start = lines.findIndex((line) => /^#+ /.test(line) && numberOf(line) === section);
  if (start === -1) return "The profile has no such section.";
  const level = levelOf(lines[start]);
  const length = lines.slice(start + 1).findIndex((line) => /^#+ /.test(line) && levelOf(line) <= level);
  return (
    lines
      .slice(start, length === -1 ? undefined : start + 1 + length)
      // Within the dialog the headings start at the highest level.
      .map((line) => (/^#+ /.test(line) ? line.slice(level - 1) : line))
      .join("\n")
      .replaceAll(/\]\((?!https?:)[^)]*\)/g, "]()")
  );
}

const numberOf = (line = "") => /^#+ ([\d.]*\d)/.exec(line)?.[1];
const levelOf = (line = "") => /^#+/.exec(line)?.[0].length ?? 0;
