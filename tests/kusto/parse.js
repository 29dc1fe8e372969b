// Reads {"tables": {name: columns}, "queries": {name: text}} from standard input and writes {name: [fault, ...]}: what
// Kusto's own parser finds wrong with each query. The first argument is the folder of @kusto/language-service-next.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const vm = require("node:vm");

global.window = global; // the library is written for browsers
for (const file of ["bridge.js", "Kusto.Language.Bridge.js"]) {
  const place = path.join(process.argv[2], file);
  vm.runInThisContext(fs.readFileSync(place, "utf8"), { filename: place });
}
const { GlobalState, KustoCode, Symbols } = global.Kusto.Language;

const { tables, queries } = JSON.parse(fs.readFileSync(0, "utf8"));
const symbols = Object.entries(tables).map(([name, columns]) =>
  Symbols.TableSymbol.From(`(${columns})`).WithName(name),
);
const workspace = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor("workspace", symbols));

const faults = {};
for (const [name, text] of Object.entries(queries)) {
  const found = KustoCode.ParseAndAnalyze(text, workspace).GetDiagnostics();
  faults[name] = [];
  for (let at = 0; at < found.Count; at++) {
    const one = found.getItem(at);
    if (one.Severity === "Error" || one.Severity === "Warning") {
      faults[name].push(`${one.Code} at ${one.Start}: ${one.Message}`);
    }
  }
}
process.stdout.write(JSON.stringify(faults));
