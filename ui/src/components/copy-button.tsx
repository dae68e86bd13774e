import { useState } from "react";

interface CopyButtonProps {
  text: string;
  /** Names the copied text, for the button's label and for the advice if copying is not allowed. */
  what: string;
}

/** Copies a text, and says whether it did. */
export function CopyButton({ text, what }: CopyButtonProps) {
  const [outcome, setOutcome] = useState("");
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setOutcome("Copied"),
      () => setOutcome(`The browser does not allow copying: select the ${what}`),
    );
  return (
    <span className="line nowrap small">
      <span role="status">{outcome}</span>
      <button type="button" className="text-button small" aria-label={`Copy the ${what}`} onClick={copy}>
        Copy
      </button>
    </span>
  );
}
