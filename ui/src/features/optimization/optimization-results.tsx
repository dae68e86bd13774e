import { Table } from "@mantine/core";
import type { Recommendation, Results } from "backend-api";
import { Facts } from "../../components/facts.tsx";
import { formatDollars } from "../../components/format-amount.ts";
import { ScrollBox } from "../../components/scroll-box.tsx";
import styles from "./optimization-results.module.css";

/** The figures of the response: summary, recommendations and rationale. */
export function OptimizationResults({ results }: { results: Results }) {
  const { summary, recommendations, reasoning } = results;
  return (
    <div className="column" data-testid="optimization-results">
      {summary !== undefined && (
        <Facts
          className={`facts ${styles.figures}`}
          facts={[
            { name: "Total cost", value: formatDollars(summary.total_cost) },
            ...(summary.expected_delivery === undefined
              ? []
              : [{ name: "Expected delivery", value: summary.expected_delivery }]),
          ]}
        />
      )}
      {recommendations.length > 0 && <Recommendations rows={recommendations} />}
      {reasoning.length > 0 && (
        <>
          <h3>Reasoning</h3>
          <ul className="ruled">
            {reasoning.map((row, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes and decisions may repeat
              <li key={index}>
                <p>
                  <strong>{row.decision}</strong> <span className="small">{row.agent}</span>
                </p>
                <p className="note breakable">{row.rationale}</p>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

const COLUMNS = ["Item", "Lead time", "Quantity", "Unit price", "Total"];

function Recommendations({ rows }: { rows: Recommendation[] }) {
  return (
    <>
      <h3>Recommendations</h3>
      <ScrollBox label="Recommendations">
        <Table className={styles.rows} verticalSpacing="sm">
          <Table.Thead>
            <Table.Tr>
              {COLUMNS.map((name, index) => (
                <Table.Th key={name} scope="col" ta={index < 2 ? "left" : "right"}>
                  {name}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes and items may repeat
              <Table.Tr key={index}>
                <Table.Td>{row.item}</Table.Td>
                <Table.Td>{row.lead_time}</Table.Td>
                <Table.Td ta="right">{row.quantity}</Table.Td>
                <Table.Td ta="right">
                  {row.unit_price !== undefined && formatDollars(row.unit_price)}
                </Table.Td>
                <Table.Td ta="right">{formatDollars(row.total)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollBox>
    </>
  );
}
