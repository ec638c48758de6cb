import Foundation
import StorageTestSupport
import Testing

@Suite struct ConfigCommandTests {
    @Test func shownConfigurationReadsBackAsItself() throws {
        let run = try SmallRun(sections: "attacks:\n  - {name: pgd, eps: [0, 8/255], step: 2/255}\nsave: [kernels]")
        let shown = try run.program("config", "show", "small.yaml", "inference.diag_reg=1e-3")
        #expect(shown.code == 0 && shown.error == "")
        #expect(shown.output.contains("diag_reg: 0.001"))
        try run.write(shown.output)
        let again = try run.program("config", "show", "small.yaml")
        #expect(again.code == 0 && again.output == shown.output)
        #expect(try run.program("config", "check", "small.yaml").output == "small.yaml: valid\n")
    }

    @Test func thePlanFollowsTheConfiguration() throws {
        let run = try SmallRun()
        try run.write(
            """
            data: {name: mnist}
            model: {layers: [{conv: {filter: 3}}, relu, {avg_pool: {window: 2, stride: 2}}, relu, flatten, dense]}
            compute: {memory_limit: 1e9}

            """)
        let shown = try run.program("config", "show", "small.yaml")
        #expect(shown.code == 0 && shown.error == "")
        #expect(
            shown.output.hasSuffix(
                """

                # plan: what describes a pair behind each step
                #   conv 3×3      full, 614656 numbers
                #   relu          full, 614656 numbers
                #   avg_pool 2×2  diagonal, 196 numbers
                #   relu          diagonal, 196 numbers
                #   flatten       scalar, 1 number
                #   dense         scalar, 1 number
                #   about 31971912 flops per pair

                # solve: where the Gram matrix lives and how its equations are solved
                #   in memory: 2000 training points take 46 MiB of the 954 MiB that may be used

                """))
    }

    @Test func theRunFolderHoldsAConfigurationThatGivesTheSameRun() throws {
        let run = try SmallRun(sections: "save: [predictions]")
        #expect(try run().code == 0)
        let again = try run.program("run", "run/config.yaml")
        #expect(again.code == 0)
        #expect(again.error.contains("nothing to do"))
    }

    @Test func schemaIsJSON() throws {
        let result = try Program(try TemporaryFolder())("config", "schema")
        #expect(result.code == 0 && result.error == "")
        let schema = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
        let properties = try #require(schema?["properties"] as? [String: Any])
        #expect(["data", "model", "compute", "attacks", "save"].allSatisfy { properties[$0] != nil })
        #expect(schema?["$schema"] as? String != nil)
    }
}
