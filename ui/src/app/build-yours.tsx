import { Fold } from "../components/fold.tsx";
import { ScrollBox } from "../components/scroll-box.tsx";
import text from "./first-resource.txt?raw";

/** The program from the README. */
export const PROGRAM = text.trimEnd();

/** A starter resource, and a pointer to the guide. */
export function BuildYours() {
  return (
    <Fold title="Build yours" aside={`${PROGRAM.split("\n").length} lines`}>
      <p className="note">
        A resource that accepts agents of known people, and no bearer tokens. For complete programs, see{" "}
        <code>docs/guide.md</code> in the demo’s folder.
      </p>
      <ScrollBox label="Program" kind="code">
        <pre>{PROGRAM}</pre>
      </ScrollBox>
    </Fold>
  );
}
