import Foundation
import Testing

@testable import Experiments

@Suite struct SchemaTests {
    @Test func hasEveryKeyOnce() {
        let schema = Configuration.schema()
        for key in ["W_std", "diag_reg_scale", "random_start", "memory_limit", "leaky_relu", "residual", "transfer"] {
            #expect(schema.contains("\"\(key)\": {"))
        }
    }

    @Test(.enabled(if: Python.hasJSONSchema, "needs python3 with jsonschema"))
    func acceptsWhatIsReadAndRefusesWhatIsNot() throws {
        var documents: [String: [String]] = ["good": [], "bad": []]
        for yaml in ConfigurationTests.texts where !yaml.isEmpty && !yaml.contains("root: ~") {
            let configuration = try Configuration.parse(yaml)
            documents["good"]?.append(configuration.written.json)
            documents["good"]?.append(try SourceNode(yaml: yaml, file: "").plain.json)
        }
        for name in [
            "quickstart", "cifar10-fc1", "fashion-mnist-10k", "sweeps/depth-and-ridge", "figures/transfer-settings",
        ] {
            let text = try String(contentsOfFile: Repository.path("Configs/\(name).yaml"), encoding: .utf8)
            documents["good"]?.append(try SourceNode(yaml: text, file: "").plain.json)
        }
        documents["bad"] = [
            "inferense: {time: 3}", "data: {trian: 3}", "seed: -1", "seed: 1.5", "data: {name: imagenet}",
            "data: {balanced: 'yes'}", "model: {layers: [rulu]}", "model: {layers: [leaky_relu]}",
            "model: {layers: [{relu: {a: 1}}]}", "model: {activation: dense}", "model: {W_std: 0}",
            "inference: {time: soon}", "inference: {diag_reg: inf}", "attacks: {name: pgd}",
            "attacks: [{name: pgd, clip: [1]}]", "features: {count: 0}", "save: kernels",
        ]
        for yaml in documents["bad"] ?? [] { #expect(!complaints(yaml).isEmpty, "\(yaml)") }
        documents["bad"] = try documents["bad"]?.map { try SourceNode(yaml: $0, file: "").plain.json }
        let input = """
            {"schema": \(Configuration.schema()), "good": [\(documents["good", default: []].joined(separator: ","))],
             "bad": [\(documents["bad", default: []].joined(separator: ","))]}
            """
        let output = try Python.run(
            """
            import json, sys, jsonschema
            d = json.load(sys.stdin)
            jsonschema.Draft202012Validator.check_schema(d["schema"])
            v = jsonschema.Draft202012Validator(d["schema"])
            for x in d["good"]:
                for e in v.iter_errors(x): print("refused", json.dumps(x)[:200], e.message[:200])
            for x in d["bad"]:
                if v.is_valid(x): print("accepted", json.dumps(x))
            print("done")
            """, input: input)
        #expect(output == "done\n")
    }
}

/// The machine's python3, where there is one.
enum Python {
    static let hasJSONSchema = (try? run("import jsonschema; print(1)", input: "")) == "1\n"

    static func run(_ script: String, input: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script]
        let (standardInput, standardOutput) = (Pipe(), Pipe())
        process.standardInput = standardInput
        process.standardOutput = standardOutput
        process.standardError = FileHandle.nullDevice
        try process.run()
        try standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try standardInput.fileHandleForWriting.close()
        let bytes = try standardOutput.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: bytes, as: UTF8.self)
    }
}
