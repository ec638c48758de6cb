import Foundation
import Testing

@testable import Experiments

@Suite struct RunFolderTests {
    private let path = NSTemporaryDirectory() + "run-" + UUID().uuidString

    private static let write: RunFolder.AtomicWrite = { bytes, path in
        try bytes.write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    private func open(_ yaml: String, data: [String: String] = ["train": "aa"]) throws(RunFolderError) -> RunFolder {
        let configuration: Configuration
        do throws(ConfigurationError) {
            configuration = try Configuration.parse(yaml)
        } catch {
            throw RunFolderError(.inaccessible, error.description)
        }
        return try RunFolder(configuration, at: path, data: data, write: Self.write)
    }

    private func complaint(_ yaml: String, data: [String: String] = ["train": "aa"]) -> String {
        do throws(RunFolderError) {
            _ = try open(yaml, data: data)
            return ""
        } catch {
            return "\(error.kind): \(error)".replacing(path, with: "PATH")
        }
    }

    private func remove() { try? FileManager.default.removeItem(atPath: path) }

    @Test func isMadeOnceAndOpenedAgain() throws {
        defer { remove() }
        let yaml = "question: a\ninference: {diag_reg: 0.1}"
        let made = try open(yaml)
        #expect(!made.isResumed)
        #expect(made.array("ntk_train_train") == "\(path)/arrays/ntk_train_train.npy")
        #expect(try made.manifest().data == ["train": "aa"])
        let stored = try made.configuration()
        #expect(stored.output == path && stored.inference.diagReg == [0.1])
        var manifest = try made.manifest()
        manifest.seconds = ["gram": 1.5]
        manifest.devices = [.init(backend: "cpu", index: 0, name: "cpu", driver: "1")]
        manifest.peakMemory = 5
        try made.write(manifest)
        let again = try open("question: b\noutput: elsewhere\ninference: {diag_reg: 0.1}")
        #expect(again.isResumed)
        #expect(try again.manifest() == manifest)
        #expect(try String(contentsOfFile: path + "/manifest.json", encoding: .utf8).contains("\"peak_memory\" : 5"))
        // Running the stored configuration opens the same folder.
        #expect(try RunFolder(stored, at: stored.output ?? "", data: ["train": "aa"], write: Self.write).isResumed)
    }

    @Test func refusesWhatWasMadeFromSomethingElse() throws {
        defer { remove() }
        _ = try open("inference: {diag_reg: 0.1}")
        #expect(
            complaint("inference: {diag_reg: 0.2}\nattacks: [{name: fgsm}]")
                == "taken: the run folder 'PATH' was made from another configuration "
                + "(differs in: attacks, inference.diag_reg); choose another output or remove the folder")
        #expect(
            complaint("inference: {diag_reg: 0.1}", data: ["train": "bb"])
                == "taken: the run folder 'PATH' was made from other data "
                + "(differs in: the content of train); choose another output or remove the folder")
        #expect(try open("inference: {diag_reg: 0.1}").configuration().inference.diagReg == [0.1])
    }

    @Test func refusesFoldersOfSomethingElse() throws {
        defer { remove() }
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Data("x".utf8).write(to: URL(fileURLWithPath: path + "/thesis.tex"))
        #expect(complaint("") == "taken: 'PATH' is no run folder (it holds thesis.tex); choose another output")
        #expect(throws: RunFolderError.self) { try RunFolder(existing: path, write: Self.write) }
        remove()
        try Data("x".utf8).write(to: URL(fileURLWithPath: path))
        #expect(complaint("") == "taken: the run folder 'PATH' is a file; choose another output")
    }

    @Test func damagedFilesAreNamed() throws {
        defer { remove() }
        _ = try open("")
        try Data("{".utf8).write(to: URL(fileURLWithPath: path + "/manifest.json"))
        #expect(
            complaint("")
                == "inaccessible: 'PATH/manifest.json' is damaged; remove the folder or restore the file")
        try Data("sed: 1".utf8).write(to: URL(fileURLWithPath: path + "/config.yaml"))
        #expect(complaint("").hasPrefix("taken: the run folder 'PATH' holds a configuration that cannot be read"))
    }

    @Test func isMadeAfterAnInterruptionWhileItWasMade() throws {
        defer { remove() }
        struct Stop: Error {}
        #expect(throws: RunFolderError.self) {
            try RunFolder(Configuration(), at: path, data: [:]) { bytes, path in
                if path.hasSuffix("config.yaml") { throw Stop() }
                try Self.write(bytes, path)
            }
        }
        #expect(try !open("").isResumed)
    }

    @Test func statusAndRecords() throws {
        defer { remove() }
        let folder = try open("")
        #expect(try folder.status() == nil)
        let status = RunStatus(.running, stage: "gram", tilesDone: 3, tilesTotal: 10)
        try folder.write(status)
        #expect(try folder.status() == status)
        let records = [
            ResultRecord([
                "attack": .text("fgsm"), "eps": .number(8.0 / 255), "time": .text("inf"), "ok": .boolean(true),
            ]),
            ResultRecord(["attack": .text("a, \"b\""), "count": .integer(3), "none": .null, "true": .text("true")]),
        ]
        try folder.write(records)
        #expect(try folder.records() == records)
        #expect(
            try String(contentsOfFile: path + "/metrics.jsonl", encoding: .utf8)
                == """
                {"attack":"fgsm","eps":0.03137254901960784,"time":"inf","ok":true}
                {"attack":"a, \\"b\\"","count":3,"none":null,"true":"true"}

                """)
        #expect(
            try String(contentsOfFile: path + "/results.csv", encoding: .utf8)
                == """
                attack,eps,time,ok,count,none,true
                fgsm,0.03137254901960784,inf,true,,,
                "a, ""b""\",,,,3,,true

                """)
    }
}
