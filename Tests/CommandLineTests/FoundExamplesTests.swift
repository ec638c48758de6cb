import Compute
import Foundation
import Storage
import Testing

/// `attacks: [{name: file}]`: points of another program, from the array to the results.
@Suite struct FoundExamplesTests {
    @Test func foreignPointsAreJudgedAndRecorded() throws {
        let run = try SmallRun(sections: "save: [adversarial]")
        guard case .floating(let clean, _) = try NPY.read(run.folder("test_inputs.npy")) else { return }
        var moved = clean.elements.map { $0 < 0.5 ? $0 + 0.05 : $0 - 0.05 }
        moved[0] += 0.5
        try NPY.write(Tensor(shape: clean.shape, elements: moved), to: run.folder("moved.npy"))
        let attack = "attacks=[{name: file, path: \(run.folder("moved.npy")), eps: 0.1, clip: [0, 1]}]"
        let result = try run(attack)
        #expect(result.code == 0, "\(result.error)")
        #expect(
            result.error.contains("file at eps 0.1: 1 of 7 points lie outside the ball or the box, so the clean ones"))
        let record = try #require(
            try run.text("metrics.jsonl").split(separator: "\n").first { $0.contains("\"attack\":\"file\"") })
        #expect(record.contains("\"outside\":1"))
        let exported = try run.numbers("adversarial_file_linf_eps0_tinf")
        #expect(Array(exported[..<16]) == Array(clean.elements[..<16]))
        #expect(zip(exported[16...], moved[16...]).allSatisfy { abs($0 - $1) < 1e-7 })
        let known = try #require(try run.json("manifest.json")["data"] as? [String: String])
        #expect(known["attacks.0: moved.npy"] == (try SHA256.hex(ofFile: run.folder("moved.npy"))))

        // Another array is another run.
        moved[16] += 0.01
        try NPY.write(Tensor(shape: clean.shape, elements: moved), to: run.folder("moved.npy"))
        let other = try run(attack)
        #expect(other.code == 64)
        #expect(other.error.contains("the content of attacks.0: moved.npy"))
    }

    @Test func anArrayThatIsNotThere() throws {
        let result = try SmallRun()("attacks=[{name: file, path: nowhere.npy, eps: 0.1}]")
        #expect(result.code == 74)
        #expect(result.error.contains("nowhere.npy"))
    }
}
