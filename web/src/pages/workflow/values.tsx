// The values behind a decision: names and what they were; lists of alike things as a table.

import { Fragment } from "react";

type Fields = Record<string, unknown>;

export function Values({ of }: { of: Fields }) {
  return (
    <dl className="values">
      {Object.entries(of).map(([name, value]) => (
        <Fragment key={name}><dt><code>{name}</code></dt><dd><Value of={value} /></dd></Fragment>
      ))}
    </dl>
  );
}

function Value({ of }: { of: unknown }) {
  if (isTable(of)) return <Table rows={of} />;
  return <code>{plain(of)}</code>;
}

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

const isTable = (value: unknown): value is Fields[] =>
  Array.isArray(value) && value.length > 0 && value.every(isFields);

function Table({ rows }: { rows: readonly Fields[] }) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return (
    <table>
      <thead><tr>{columns.map((column) => <th key={column} scope="col">{column}</th>)}</tr></thead>
      <tbody>
        {rows.map((row, at) => <tr key={at}>{columns.map((column) => <td key={column}>{plain(row[column])}</td>)}</tr>)}
      </tbody>
    </table>
  );
}

function plain(value: unknown): string {
  if (value === undefined || value === null) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}
