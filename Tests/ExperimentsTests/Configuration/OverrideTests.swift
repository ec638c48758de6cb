import Testing

@testable import Experiments

@Suite struct OverrideTests {
    private static let file = "seed: 1\nattacks: [{name: pgd, steps: 3}, {name: fgsm}]\nmodel: {activation: erf}"

    @Test func winOverTheFile() throws {
        let configuration = try Configuration.parse(
            Self.file,
            overrides: [
                "seed=2", "attacks.0.steps=5", "attacks.1={name: pgd, eps: [1/255, 2/255]}", "data.classes=[3, 5]",
                "model.activation={leaky_relu: {alpha: 0.2}}", "inference.time=[1, inf]", "question=a=b", "seed=3",
            ])
        #expect(configuration.seed == 3 && configuration.question == "a=b")
        #expect(configuration.attacks[0].steps == 5 && configuration.attacks[1].eps == [1.0 / 255, 2.0 / 255])
        #expect(configuration.data.classes == [.index(3), .index(5)])
        #expect(configuration.model.activation.values == ["alpha": .number(0.2)])
        #expect(configuration.inference.time == [1, .infinity])
    }

    @Test func nothingMeansTheDefault() throws {
        let configuration = try Configuration.parse(Self.file, overrides: ["seed=", "attacks=[]"])
        #expect(configuration.seed == 0 && configuration.attacks.isEmpty)
    }

    static let mistakes: [(override: String, message: String)] = [
        ("seed", "must read key.path=value, for example data.train=1000"),
        ("=3", "must read key.path=value, for example data.train=1000"),
        ("data..train=3", "must read key.path=value, for example data.train=1000"),
        ("defaults=[a.yaml]", "defaults can stand in a file only"),
        ("attacks.0=", "attacks.0 must be a map of keys, found nothing"),
        ("sead=3", "unknown key 'sead' in the top level; did you mean 'seed'?"),
        ("attacks.2.steps=5", "the list attacks has the indices 0 to 1, not '2'"),
        ("attacks.first.steps=5", "the list attacks has the indices 0 to 1, not 'first'"),
        ("attacks.0.steps=many", "attacks.0.steps must be a whole number of at least 1, or auto, found 'many'"),
        ("seed.x=1", "seed is '1' and has no key 'x'"),
        (
            "inference.time=[1",
            "not YAML: while parsing a flow sequence: did not find expected ',' or ']' (column 1)"
        ),
    ]

    @Test(arguments: mistakes) func saysWhatIsWrong(override: String, message: String) {
        #expect(complaints(Self.file, overrides: [override]) == ["override '\(override)': \(message)"])
    }
}
