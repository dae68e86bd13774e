package demo.aauth.keycloak.errors;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;

class ErrorCodeTest {

    /** The page is made from the codes of the TypeScript library. */
    @Test
    void codesAndSectionsAreThoseOfTheErrorsPage() throws IOException {
        List<String> rows = Files.readAllLines(Path.of("../../docs/reference/errors.md"));
        List<ErrorCode> unlike = Arrays.stream(ErrorCode.values())
                .filter(code -> rows.stream().noneMatch(row -> row.matches(rowOf(code))))
                .toList();
        assertEquals(List.of(), unlike);
    }

    /** The row with the section of February's text. */
    private static String rowOf(ErrorCode code) {
        String section = code.section().replaceFirst("^profile ", "");
        return "\\| `" + code.code() + "` \\| \\d+ \\| [^|]+ \\| " + section + " \\| .*";
    }
}
