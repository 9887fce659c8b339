"""`codeplan admin promotions preview`: every price on any day, as the seed's table has them."""

from pathlib import Path

import httpx

from support.service import Service


def test_the_prices_of_a_day(tmp_path: Path) -> None:
    with Service(tmp_path) as service:

        def due(at: str) -> dict[tuple[str, str, str], tuple[str, str]]:
            shown = service.cli(
                "admin", "promotions", "preview", "--at", at,
                "--url", service.url, "--data", str(service.data),
            )  # fmt: skip
            return {
                (row["plan"], row["period"], row["kind"]): (row["due"], row["renews_at"])
                for row in shown["prices"]
            }

        festival, behind = due("2027-01-15T23:59:59+08:00"), due("2027-01-16T00:00:00+08:00")
        assert festival["lite", "month", "first"] == ("¥20.00", "¥40.00")
        assert festival["lite", "quarter", "first"] == ("¥54.00", "¥120.00")
        assert festival["lite", "year", "upgrade"] == ("¥192.00", "¥480.00")
        assert festival["lite", "year", "renewal"] == ("¥480.00", "¥480.00")
        assert behind["lite", "month", "first"] == ("¥40.00", "¥40.00")
        assert len(festival) == 3 * 3 * 4
        token = (service.data / "operator-token").read_text().strip()
        with service.client() as http:

            def get(at: str, key: str = token) -> httpx.Response:
                return http.get(
                    "/api/admin/promotions/preview",
                    params={"at": at},
                    headers={"authorization": f"Bearer {key}"},
                )

            assert get("2027-01-15T23:59:59").status_code == 400
            assert get("whenever").status_code == 400
            assert get("2027-01-15T23:59:59Z", service.key).status_code == 401
