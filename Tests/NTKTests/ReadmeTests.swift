import Foundation
import NTK
import Testing

/// The README's Swift example, word for word, compiled and run.
@Suite struct ReadmeTests {
    @Test func example() async throws {
        // README:
        let x = Tensor<Double>(shape: [4, 2], elements: [0, 0, 0, 1, 1, 0, 1, 1])
        let y = Tensor<Double>(shape: [4, 1], elements: [-1, 1, 1, -1])

        let net = try InfiniteNet(.fc(depth: 2), inputShape: [2])
        let theta = try await net.gram(x, x)  // Θ(X, X), [4, 4]
        let trained = try await net.trained(on: x, targets: y)
        let predictions = try trained.predictions(at: x)  // [4, 1]
        let moved = try trained.fgsm(at: x[1..<2], labels: [1], eps: 0.4)  // [1, 2]
        let fooled = try trained.predictions(at: moved)  // [1, 1]
        print(theta[0, 1], predictions.elements, moved.elements, fooled.elements)
        // :README

        #expect(theta.rows == 4 && theta.columns == 4)
        #expect(zip(predictions.elements, y.elements).allSatisfy { abs($0 - $1) < 1e-3 })
        #expect(zip(moved.elements, [0.4, 0.6]).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(fooled.elements[0] < predictions.elements[1])
    }

    @Test func theReadmeShowsTheExample() throws {
        let source = try String(contentsOfFile: #filePath, encoding: .utf8)
        let readme = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("README.md")
        let text = try String(contentsOf: readme, encoding: .utf8)
        let lines = source.components(separatedBy: "\n")
        let begin = try #require(lines.firstIndex { $0.hasSuffix("// README:") })
        let end = try #require(lines.firstIndex { $0.hasSuffix("// :README") })
        let example = lines[begin + 1..<end].map { $0.hasPrefix("        ") ? String($0.dropFirst(8)) : $0 }
        let block = (["```swift", "import NTK", ""] + example + ["```"]).joined(separator: "\n")
        #expect(text.contains(block), "README.md does not show:\n\(block)")
    }
}
