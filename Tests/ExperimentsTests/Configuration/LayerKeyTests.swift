import Testing

@testable import Experiments
@testable import TangentKernels

/// Keys of layers that may come later: sizes, choices, layers.
@Suite struct LayerKeyTests {
    private func read(_ key: LayerForm.Key, _ yaml: String) throws -> (LayerDescription.Value?, [String]) {
        let node = try SourceNode(yaml: yaml, file: "c.yaml").located(at: "key")
        var reading = Reading(node, environment: [:])
        let value = key.kind.read(node, &reading)
        return (value, reading.problems.map { $0.message })
    }

    @Test func sizes() throws {
        let key = LayerForm.Key("filter", .size, "size")
        #expect(try read(key, "3").0 == .size([3]))
        #expect(try read(key, "[3, 5]").0 == .size([3, 5]))
        #expect(key.kind.write(.size([3])) == .integer(3))
        #expect(key.kind.write(.size([3, 5])).flow == "[3, 5]")
        for (yaml, found) in [("0", "'0'"), ("[3]", "a list"), ("[3, x]", "a list"), ("{}", "a map")] {
            let (value, problems) = try read(key, yaml)
            #expect(value == nil)
            #expect(
                problems
                    == ["key must be a whole number of at least 1, or a list of two: [height, width], found \(found)"])
        }
    }

    @Test func choices() throws {
        let key = LayerForm.Key("padding", .choice(["same", "valid", "circular"]), "padding")
        #expect(try read(key, "valid").0 == .choice("valid"))
        #expect(key.kind.write(.choice("valid")) == .text("valid"))
        #expect(
            try read(key, "sane").1
                == ["key must be one of same, valid or circular, found 'sane'; did you mean 'same'?"])
    }

    @Test func layers() throws {
        let key = LayerForm.Key("main", .layers, "layers")
        let expected: LayerDescription.Value = .layers([.init("relu"), .init("dense", ["b_std": .number(0)])])
        #expect(try read(key, "[relu, {dense: {b_std: null}}]").0 == expected)
        #expect(key.kind.write(expected).flow == "[relu, {dense: {b_std: 0}}]")
    }
}
