//! Findings as SARIF 2.1.0 (OASIS), which editors and code reviews read.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::check::{Checked, word};

pub(super) fn document(all: &[Checked]) -> Value {
    let codes: BTreeSet<_> = all.iter().flat_map(|c| c.diagnostics.iter().map(|d| d.code)).collect();
    let rules: Vec<_> = codes.iter().map(|code| json!({ "id": code })).collect();
    let results: Vec<_> = all.iter().flat_map(|c| c.diagnostics.iter().map(|d| (&c.file, d))).map(|(file, found)| {
        let mut place = json!({ "artifactLocation": { "uri": file } });
        if let Some(range) = found.range {
            place["region"] = json!({ "startLine": range.line, "startColumn": range.column,
                                      "endColumn": range.column + range.length });
        }
        json!({
            "ruleId": found.code,
            "level": word(found.severity),
            "message": { "text": found.help.as_ref().map_or_else(|| found.message.clone(), |help| format!("{} {help}", found.message)) },
            "locations": [{ "physicalLocation": place,
                            "logicalLocations": [{ "fullyQualifiedName": found.path }] }],
        })
    }).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{ "tool": { "driver": { "name": "hilo flow check", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
                   "results": results }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_finding_is_a_result_with_its_rule_and_place() {
        let diagnostics = hilo_engine::compile(include_str!("../../flows/seed.json"), None).diagnostics;
        let count = diagnostics.len();
        let document = document(&[Checked { file: "flows/seed.json".into(), diagnostics }]);
        let results = document["runs"][0]["results"].as_array().unwrap();
        assert_eq!(results.len(), count);
        let error = results.iter().find(|result| result["ruleId"] == "FL101").unwrap();
        assert_eq!(error["level"], "error");
        assert!(error["locations"][0]["physicalLocation"]["region"]["startLine"].is_u64());
    }
}
