import Testing

@testable import Experiments

@Suite struct ShardTests {
    @Test(
        arguments: [
            ([:], 0, 1),
            (["SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "8", "SLURM_ARRAY_TASK_MIN": "0"], 3, 8),
            (["SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "8", "SLURM_ARRAY_TASK_MIN": "1"], 2, 8),
            // One task of an array, submitted again alone: the count is that of the script.
            (
                [
                    "SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_COUNT": "1", "SLURM_ARRAY_TASK_MIN": "7",
                    "NTK_SHARDS": "8",
                ], 7, 8
            ),
            // The array counts, not the job step that Slurm puts around every task.
            (
                [
                    "SLURM_ARRAY_TASK_ID": "1", "SLURM_ARRAY_TASK_COUNT": "2", "SLURM_ARRAY_TASK_MIN": "0",
                    "SLURM_PROCID": "0", "SLURM_NTASKS": "1",
                ], 1, 2
            ),
            // mpirun inside of a Slurm job.
            (
                ["OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_SIZE": "4", "SLURM_PROCID": "0", "SLURM_NTASKS": "1"], 2,
                4
            ),
            (["PMIX_RANK": "1", "SLURM_NTASKS": "3"], 1, 3),
            (["SLURM_PROCID": "1", "SLURM_NTASKS": "2"], 1, 2),
            (["JOB_COMPLETION_INDEX": "5", "NTK_SHARDS": "6"], 5, 6),
            (["PBS_ARRAY_INDEX": "0", "NTK_SHARDS": "2"], 0, 2),
            (["SGE_TASK_ID": "4", "SGE_TASK_LAST": "4"], 3, 4),
            // Grid Engine sets the variable outside of arrays too.
            (["SGE_TASK_ID": "undefined"], 0, 1),
        ] as [([String: String], Int, Int)])
    func environments(environment: [String: String], index: Int, count: Int) throws {
        #expect(try Shard(environment: environment) == Shard(index: index, count: count))
    }

    @Test func whatIsNoShard() throws {
        func message(_ environment: [String: String]) -> String? {
            #expect(throws: ShardError.self) { try Shard(environment: environment) }?.description
        }
        #expect(
            message(["JOB_COMPLETION_INDEX": "5"])
                == "JOB_COMPLETION_INDEX is 5, but nothing says of how many; set NTK_SHARDS, or give --shard i/n")
        #expect(
            message(["PBS_ARRAY_INDEX": "x"])
                == "the environment variable PBS_ARRAY_INDEX must be a whole number, found 'x'")
        #expect(
            message(["OMPI_COMM_WORLD_RANK": "4", "OMPI_COMM_WORLD_SIZE": "4"])
                == "OMPI_COMM_WORLD_RANK=4 is no shard: there are 4, counted from 0")
        #expect(try Shard("2/8") == Shard(index: 2, count: 8))
        for text in ["2", "8/8", "-1/8", "1/0", "a/b", "1/2/3", ""] {
            #expect(throws: ShardError.self) { try Shard(text) }
        }
        #expect(
            #expect(throws: ShardError.self) { try Shard("two") }?.description
                == "--shard must read i/n with i from 0 to n - 1, for example 0/8, found 'two'")
    }
}
