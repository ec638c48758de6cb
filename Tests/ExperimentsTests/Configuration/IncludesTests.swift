import Foundation
import Testing

@testable import Experiments

@Suite struct IncludesTests {
    /// A folder that goes when the test ends.
    private final class Folder {
        let path = NSTemporaryDirectory() + "includes-" + UUID().uuidString

        init(_ files: [String: String]) throws {
            for (name, text) in files {
                let url = URL(fileURLWithPath: path + "/" + name)
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: url)
            }
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func load(_ name: String, _ overrides: [String] = []) throws(ConfigurationError) -> Configuration {
            try Configuration.load(path + "/" + name, overrides: overrides, environment: [:])
        }

        func complaint(_ name: String) -> String {
            do throws(ConfigurationError) {
                _ = try load(name)
                return ""
            } catch {
                return error.description.replacing(path + "/", with: "")
            }
        }
    }

    @Test func laterFilesWinAndTheIncludingFileWinsOverAll() throws {
        let folder = try Folder([
            "sub/main.yaml": "defaults: [../base.yaml, more.yaml]\nmodel: {depth: 9}\nattacks: [{name: pgd}]",
            "base.yaml": "seed: 1\nmodel: {depth: 1, W_std: 1, b_std: 1}\nattacks: [{name: fgsm}, {name: fgsm}]",
            "sub/more.yaml": "defaults: more/most.yaml\nmodel: {depth: 2, W_std: 2}",
            "sub/more/most.yaml": "seed: 2\nmodel: {b_std: 3, activation: abs}",
        ])
        let configuration = try folder.load("sub/main.yaml", ["seed=5"])
        #expect(configuration.seed == 5)
        #expect(configuration.model.depth == 9 && configuration.model.weightStd == 2)
        #expect(configuration.model.biasStd == 3 && configuration.model.activation.name == "abs")
        #expect(configuration.attacks.map { $0.name } == [.pgd])
    }

    @Test func theRightFileIsBlamed() throws {
        let folder = try Folder([
            "main.yaml": "defaults: [base.yaml]\nmodel:\n  depht: 9",
            "base.yaml": "seed: 1\nmodel:\n\n  depth: -1\n",
        ])
        #expect(
            folder.complaint("main.yaml")
                == """
                base.yaml:4: model.depth must be a whole number of at least 0, found '-1'
                main.yaml:3: unknown key 'depht' in model; did you mean 'depth'?
                """)
    }

    @Test func circlesAndMissingFiles() throws {
        let folder = try Folder([
            "a.yaml": "seed: 1\ndefaults: [b.yaml]", "b.yaml": "defaults:\n  - ./a.yaml",
            "missing.yaml": "defaults:\n  - nowhere.yaml", "kind.yaml": "defaults: {a: b}",
            "broken.yaml": "defaults: [open.yaml]", "open.yaml": "seed: 1\nsave: [",
        ])
        #expect(
            folder.complaint("a.yaml") == "b.yaml:2: defaults: './a.yaml' includes itself: a.yaml → b.yaml → a.yaml")
        #expect(
            folder.complaint("missing.yaml") == "missing.yaml:2: defaults: 'nowhere.yaml' cannot be read: no such file")
        #expect(folder.complaint("kind.yaml") == "kind.yaml:1: defaults must be a list of files, found a map")
        #expect(
            folder.complaint("broken.yaml")
                == "open.yaml:3: not YAML: while parsing a flow node: did not find expected node content (column 1)")
        #expect(folder.complaint("none.yaml") == "none.yaml: cannot be read: no such file")
    }
}
