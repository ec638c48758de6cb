import Testing

@testable import Experiments

@Suite struct SweepSectionTests {
    /// What the runs of a sweep set, one text a run.
    private static func runs(_ sweep: String) throws -> [String] {
        let configuration = try Configuration.parse("sweep:\n  " + sweep.replacing("\n", with: "\n  "))
        return try #require(configuration.sweep).assignments.map { $0.overrides.joined(separator: " ") }
    }

    @Test func gridsVaryTheLastParameterFastest() throws {
        let runs = try Self.runs(
            """
            parameters:
              model.depth: {values: [1, 2]}
              attacks: {values: [[], [{name: pgd, eps: 8/255}]]}
            """)
        #expect(
            runs == [
                "model.depth=1 attacks=[]", "model.depth=1 attacks=[{name: pgd, eps: 8/255}]",
                "model.depth=2 attacks=[]", "model.depth=2 attacks=[{name: pgd, eps: 8/255}]",
            ])
    }

    @Test func distributionsOfAGridHaveBothEnds() throws {
        #expect(
            try Self.runs(
                "parameters: {a: {distribution: log_uniform_values, min: 1e-6, max: 1e-1, count: 6}}")
                == ["a=1e-06", "a=1e-05", "a=0.0001", "a=0.001", "a=0.01", "a=0.1"])
        #expect(
            try Self.runs("parameters: {a: {distribution: uniform, min: 0, max: 1, count: 5}}")
                == ["a=0", "a=0.25", "a=0.5", "a=0.75", "a=1"])
        #expect(
            try Self.runs("parameters: {a: {distribution: int_uniform, min: 1, max: 3, count: 7}}")
                == ["a=1", "a=2", "a=3"])
        #expect(try Self.runs("parameters: {a: {distribution: uniform, min: 2, max: 3, count: 1}}") == ["a=2"])
    }

    @Test func whatIsExcludedAgreesInAllItsKeys() throws {
        let runs = try Self.runs(
            """
            parameters: {a: {values: [1, 2]}, b: {values: [u, v]}}
            exclude: [{a: 1.0, b: u}, {b: z}, {a: 2, b: v}]
            """)
        #expect(runs == ["a=1 b=v", "a=2 b=u"])
    }

    @Test func randomRunsFollowTheSeed() throws {
        func runs(_ seed: Int) throws -> [String] {
            try Self.runs(
                """
                method: random
                count: 40
                seed: \(seed)
                parameters: {a: {distribution: log_uniform_values, min: 1e-3, max: 1e3}, b: {values: [x, y]}}
                """)
        }
        let first = try runs(1)
        #expect(first.count == 40)
        #expect(try runs(1) == first)
        #expect(try runs(2) != first)
        let numbers = first.compactMap { Double($0.split(separator: " ")[0].dropFirst(2)) }
        #expect(numbers.count == 40 && numbers.allSatisfy { (1e-3...1e3).contains($0) })
        // Even in the logarithm: 20 of 40 are expected below 1; 8 or fewer, or 32 or more, come once in 10,000 times.
        #expect((9...31).contains(numbers.count { $0 < 1 }))
        #expect((9...31).contains(first.count { $0.hasSuffix("x") }))
    }

    @Test func listsSayWhatTheySay() throws {
        #expect(
            try Self.runs("method: list\nruns: [{a: 1, b: {c: [2]}}, {a: 1.5}, {a: 1.5}]\nexclude: [{b: 3}]")
                == ["a=1 b={c: [2]}", "a=1.5"])
    }

    static let mistakes: [(yaml: String, message: String)] = [
        ("{}", "c.yaml:1: sweep: method: grid needs parameters"),
        (
            "{method: grit}",
            "c.yaml:1: sweep.method must be one of grid, random or list, found 'grit'; did you mean 'grid'?"
        ),
        (
            "{parameters: {a: 3}}",
            "c.yaml:1: sweep.parameters.a must be a map with values, or with distribution, min and max, found '3'"
        ),
        (
            "{parameters: {a: {values: []}}}",
            "c.yaml:1: sweep.parameters.a.values must be a list of at least 1 values, found a list"
        ),
        (
            "{parameters: {a: {valeus: [1]}}}",
            "c.yaml:1: unknown key 'valeus' in sweep.parameters.a; did you mean 'values'?"
        ),
        (
            "{parameters: {a: {distribution: uniform, min: 1, max: 1, count: 2}}}",
            "c.yaml:1: sweep.parameters.a.max: max must be above min"
        ),
        (
            "{parameters: {a: {distribution: log_uniform_values, min: 0, max: 1, count: 2}}}",
            "c.yaml:1: sweep.parameters.a.min: must be above 0 for log_uniform_values"
        ),
        (
            "{parameters: {a: {distribution: uniform, min: 0, max: 1}}}",
            "c.yaml:1: sweep.parameters.a: a grid needs its count"
        ),
        (
            "{method: random, parameters: {a: {values: [1]}}}",
            "c.yaml:1: sweep: method: random needs count, the number of runs"
        ),
        ("{method: list}", "c.yaml:1: sweep: method: list needs runs, a list of maps of keys"),
        (
            "{method: list, runs: [{a: 1}], seed: 3}",
            "c.yaml:1: sweep.seed: has no meaning for method: list; remove it"
        ),
    ]

    @Test(arguments: mistakes) func saysWhatIsWrong(yaml: String, message: String) {
        #expect(complaints("sweep: " + yaml).contains(message), "\(complaints("sweep: " + yaml))")
    }

    @Test func whatIsWrittenIsReadBack() throws {
        for text in [
            "{parameters: {a: {values: [1, x, [2]]}, b: {distribution: uniform, min: 0, max: 1, count: 3}}}",
            "{method: random, count: 3, seed: 2, parameters: {a: {distribution: int_uniform, min: 0, max: 9}}}",
            "{method: list, runs: [{a.b: 1}], exclude: [{a.b: 2}]}",
        ] {
            let configuration = try Configuration.parse("sweep: " + text)
            let again = try Configuration.parse(configuration.resolved(comments: true))
            #expect(again.sweep == configuration.sweep)
        }
        #expect(
            try Configuration.parse("sweep: {parameters: {seed: {values: [1]}}}").canonical
                == Configuration.parse("").canonical)
    }
}
