import { useTitle } from "../components/use-title.ts";

/** Shown if the page's configuration is missing or invalid. `problems` has one per line. */
export function StartProblem({ problems }: { problems: string }) {
  useTitle("Cannot start");
  return (
    <main className="column" role="alert">
      <h1>AAuth demo cannot start</h1>
      <p>
        The page’s configuration, <code>/config.json</code>, cannot be used:
      </p>
      <ul>
        {problems.split("\n").map((problem) => (
          <li key={problem}>{problem}</li>
        ))}
      </ul>
      <p>Correct the UI’s settings, then reload.</p>
    </main>
  );
}
