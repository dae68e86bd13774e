import { Fold } from "../components/fold.tsx";
import { ScrollBox } from "../components/scroll-box.tsx";
import text from "./first-resource.txt?raw";

/** The program of the README. */
export const PROGRAM = text.trimEnd();

/** A resource to begin with, and where the guide is. */
export function BuildYours() {
  return (
    <Fold title="Build yours" aside={`${PROGRAM.split("\n").length} lines`}>
      <p className="note">
        A resource that takes calls from agents of known persons, and no bearer token. Complete programs are
        in <code>docs/guide.md</code> in the folder of the demo.
      </p>
      <ScrollBox label="Program" kind="code">
        <pre>{PROGRAM}</pre>
      </ScrollBox>
    </Fold>
  );
}
